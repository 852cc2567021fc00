'use strict';

// Functions of the addon that work on bytes and headers and belong to no connection.

const native = require('./native');

module.exports = {
  acceptKey: native.acceptKey,
  answerDeflate: native.answerDeflate,
  concludeDeflate: native.concludeDeflate,
  encodeClose: native.encodeClose,
  encodeFrame: native.encodeFrame,
  fillMaskKey: native.fillMaskKey,
  handshakeKey: native.handshakeKey,
  isCloseCode: native.isCloseCode,
  isHandshakeKey: native.isHandshakeKey,
  offerDeflate: native.offerDeflate,
  unmask: native.unmask,
};
