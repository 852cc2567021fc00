'use strict';

// Functions of the addon that work on bytes and headers and belong to no connection.

const {
  acceptKey,
  answerDeflate,
  concludeDeflate,
  encodeClose,
  encodeFrame,
  fillMaskKey,
  handshakeKey,
  isCloseCode,
  isHandshakeKey,
  offerDeflate,
  unmask,
} = require('./native');

module.exports = {
  acceptKey,
  answerDeflate,
  concludeDeflate,
  encodeClose,
  encodeFrame,
  fillMaskKey,
  handshakeKey,
  isCloseCode,
  isHandshakeKey,
  offerDeflate,
  unmask,
};
