'use strict';

/**
 * The rows of docs/compatibility.md that declare differences, by the names that scenarios use. Each
 * is the exact text on upstream in the page's tables.
 */
module.exports = {
  prototypeNames: '`Sec-WebSocket-Protocol: __proto__` crashes a server that accepts automatically',
  pendingReset:
    'a client that resets its connection while the request is pending is an uncaught exception',
  emptyFragments: 'empty fragments are queued without end',
  closeTimer: 'the close timer only ends our half of the socket, which a peer can keep open',
  earlyFrames: 'on a server, frames that arrive together with the handshake are lost',
  reasonPhrases: '`reject(429)` says `429 undefined`',
  malformedCookie: 'one malformed cookie refuses the whole request',
  mixedCase: "`accept('MixedCase')` throws, although documented as case-insensitive",
  connectionTokens: "a server's `Connection: keep-alive, Upgrade` is refused by the client",
  urlCredentials: "a user name and password in the client's URL are ignored",
  sendResults: '`send()`, `sendUTF()` and `sendBytes()` return nothing',
  documentedNames: '`bytesWaitingToFlush` is in the types only',
  longReasons: 'a close reason over 123 bytes makes an invalid frame',
  frameDefaults: '`new WebSocketFrame()` without its three arguments throws',
  w3c: "It follows the WHATWG standard where 1.0.35 doesn't",
  masking: 'sends unmasked frames as a client, or masked ones as a server',
  keyLength: "asks with a `Sec-WebSocket-Key` that isn't 16 bytes in base64",
  supportedVersions: 'asks with a version that is neither 13 nor 8',
  versionZero: 'asks with `Sec-WebSocket-Version: 0`',
  strictRequests: 'asks with another method than `GET`, with HTTP/1.0',
  earlySizes: 'sends fragments that exceed the message size',
  hugeLengths: 'sends a frame of 2³² bytes or more',
  minimalLengths: 'sends a length in more bytes than it needs',
  earlyViolations: 'sends reserved bits, an unknown opcode, or a data frame amid another message',
  earlyUtf8: 'sends invalid UTF-8 in a long or fragmented text',
  oneByteReason: 'closes with a reason of one byte',
  fragmentSequence: 'sends fragments out of sequence, where `assembleFragments` is `false`',
  unsendableCode: 'is dropped by `drop()` with a code that must not be sent',
  reservedCode: 'is sent the close code 1015 by `close(1015)`',
  protocolCharacter: 'the exception for an illegal character in a protocol names `"\\u0000"`',
  headerSpaces: 'a space before a comma stays part of the name of a protocol or extension',
  unaskedProtocol: 'answers a client that asked for no subprotocol with one',
  callersObjects:
    "`accept()` cleans the caller's cookies, `new WebSocketClient()` empties its config",
};
