//! How a peer breaks the protocol or a limit.

/// How a peer broke the protocol or a limit. The application's API has the words and the close code
/// for each [`kind`](Self::kind).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Violation {
    /// RFC 6455 §5.5: a control frame has more than 125 bytes, or a close frame has only one. The
    /// argument is the length of seven bits in its header.
    ControlLength(u8),
    /// RFC 6455 §5.5.
    ControlFragmented,
    /// RFC 6455 §5.2: RSV1 belongs to the first frame of a compressed message (RFC 7692 §6).
    Rsv1,
    /// RFC 6455 §5.2: no extension uses RSV2 or RSV3.
    Rsv2Or3,
    /// RFC 6455 §5.2, with the opcode.
    ReservedOpcode(u8),
    /// RFC 6455 §5.2: the most significant bit of a 64-bit length must be 0.
    LengthForbidden,
    /// A length that is legal, but beyond every limit.
    LengthUnsupported,
    /// RFC 6455 §5.2: "the minimal number of bytes MUST be used".
    LengthNotMinimal,
    /// RFC 6455 §5.1: a client must mask.
    NotMasked,
    /// RFC 6455 §5.1: a server must not mask.
    Masked,
    /// RFC 6455 §5.4.
    UnexpectedContinuation,
    /// RFC 6455 §5.4, with the opcode of the new message.
    InterleavedMessage(u8),
    /// RFC 6455 §8.1: a text, or the reason of a close frame.
    InvalidUtf8,
    /// RFC 6455 §7.4: the code must not be in a close frame.
    InvalidCloseCode(u16),
    /// RFC 7692 §7.2.2: the payload of a compressed message is no DEFLATE data. The words are those
    /// of zlib.
    InvalidCompression(&'static str),
    /// The frame's length is over `max_frame_size`.
    FrameTooLarge(u64),
    /// The message's length is over `max_message_size`.
    MessageTooLarge,
    /// The message has more fragments than allowed.
    TooManyFragments,
}

/// A [`Violation`] without its details. JavaScript knows the numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum ViolationKind {
    /// [`Violation::ControlLength`]
    ControlLength = 0,
    /// [`Violation::ControlFragmented`]
    ControlFragmented = 1,
    /// [`Violation::Rsv1`]
    Rsv1 = 2,
    /// [`Violation::Rsv2Or3`]
    Rsv2Or3 = 3,
    /// [`Violation::ReservedOpcode`]
    ReservedOpcode = 4,
    /// [`Violation::LengthForbidden`]
    LengthForbidden = 5,
    /// [`Violation::LengthUnsupported`]
    LengthUnsupported = 6,
    /// [`Violation::LengthNotMinimal`]
    LengthNotMinimal = 7,
    /// [`Violation::NotMasked`]
    NotMasked = 8,
    /// [`Violation::Masked`]
    Masked = 9,
    /// [`Violation::UnexpectedContinuation`]
    UnexpectedContinuation = 10,
    /// [`Violation::InterleavedMessage`]
    InterleavedMessage = 11,
    /// [`Violation::InvalidUtf8`]
    InvalidUtf8 = 12,
    /// [`Violation::InvalidCloseCode`]
    InvalidCloseCode = 13,
    /// [`Violation::InvalidCompression`]
    InvalidCompression = 14,
    /// [`Violation::FrameTooLarge`]
    FrameTooLarge = 15,
    /// [`Violation::MessageTooLarge`]
    MessageTooLarge = 16,
    /// [`Violation::TooManyFragments`]
    TooManyFragments = 17,
}

/// What a [`Violation`] says beside its kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ViolationDetail {
    /// Nothing.
    Nothing,
    /// A length, an opcode or a close code.
    Number(u64),
    /// Words of zlib.
    Words(&'static str),
}

impl Violation {
    /// What it is.
    pub const fn kind(self) -> ViolationKind {
        match self {
            Self::ControlLength(_) => ViolationKind::ControlLength,
            Self::ControlFragmented => ViolationKind::ControlFragmented,
            Self::Rsv1 => ViolationKind::Rsv1,
            Self::Rsv2Or3 => ViolationKind::Rsv2Or3,
            Self::ReservedOpcode(_) => ViolationKind::ReservedOpcode,
            Self::LengthForbidden => ViolationKind::LengthForbidden,
            Self::LengthUnsupported => ViolationKind::LengthUnsupported,
            Self::LengthNotMinimal => ViolationKind::LengthNotMinimal,
            Self::NotMasked => ViolationKind::NotMasked,
            Self::Masked => ViolationKind::Masked,
            Self::UnexpectedContinuation => ViolationKind::UnexpectedContinuation,
            Self::InterleavedMessage(_) => ViolationKind::InterleavedMessage,
            Self::InvalidUtf8 => ViolationKind::InvalidUtf8,
            Self::InvalidCloseCode(_) => ViolationKind::InvalidCloseCode,
            Self::InvalidCompression(_) => ViolationKind::InvalidCompression,
            Self::FrameTooLarge(_) => ViolationKind::FrameTooLarge,
            Self::MessageTooLarge => ViolationKind::MessageTooLarge,
            Self::TooManyFragments => ViolationKind::TooManyFragments,
        }
    }

    /// What else there is to say.
    pub const fn detail(self) -> ViolationDetail {
        match self {
            Self::ControlLength(length) => ViolationDetail::Number(length as u64),
            Self::ReservedOpcode(opcode) | Self::InterleavedMessage(opcode) => ViolationDetail::Number(opcode as u64),
            Self::InvalidCloseCode(code) => ViolationDetail::Number(code as u64),
            Self::FrameTooLarge(length) => ViolationDetail::Number(length),
            Self::InvalidCompression(words) => ViolationDetail::Words(words),
            _ => ViolationDetail::Nothing,
        }
    }
}
