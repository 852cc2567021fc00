'use strict';

const { EVENT_END, EVENT_FAILED, EVENT_SECURE } = /** @type {any} */ (require('../engine/abi'));
const TlsLinkHandle = require('../transport/TlsLinkHandle');

/** The handle of a client's socket. Its first events are those of a Handshake. */
class ClientHandle extends TlsLinkHandle {
  /**
   * @param {number} slot
   * @param {import('./Handshake')} handshake
   */
  constructor(slot, handshake) {
    super(slot, false, false, handshake.findIssuer);
    /** @type {import('./Handshake') | undefined} */
    this.handshake = handshake;
  }

  /**
   * @param {number} kind
   * @param {number} extra
   * @param {any} payload
   */
  deliver(kind, extra, payload) {
    const { handshake } = this;
    if (handshake === undefined || this.slot === -1) {
      super.deliver(kind, extra, payload);
    } else if (kind === EVENT_SECURE) {
      this.handshake = undefined;
      handshake.finish(this.info);
    } else if (kind === EVENT_END) {
      handshake.fail('tls:EOF', 0);
    } else if (kind === EVENT_FAILED) {
      handshake.fail(payload, extra);
    }
  }
}

module.exports = ClientHandle;
