//! Moves bytes between the peers and the protocol, and events between the protocol and JavaScript.
//!
//! A link is one [`SharedConnection`](link::shared_connection::SharedConnection). Its JavaScript
//! thread shares it with an I/O thread once its descriptor is adopted. The events of all links of a
//! Node environment go through its one [`Inbox`](events::inbox::Inbox).
//!
//! Words: output is *flushed* when it is handed to the kernel. The output has *reached* a mark when
//! all bytes before the mark are flushed. An event *waits* until JavaScript takes it. *Released*
//! means that JavaScript has let go of a link.
//!
//! The layers are `base`, `events`, `link`, `io` and `waiting`. A file imports only from its own
//! layer and from those before it in this list, by file, and without a cycle.

pub mod base;
pub mod events;
pub mod io;
pub mod link;
pub mod waiting;
