'use strict';

/**
 * Whether a handshake comes from this server's own page, or from no page at all.
 *
 * Browsers let any page open a WebSocket to any host, and send the visitor's cookies with it. So a
 * server must check Origin itself (RFC 6455 §10.2). A browser always sends it, and a page can't
 * change it. Programs outside a browser usually send none. To refuse them would protect nobody,
 * because they can send any Origin.
 */
function isOriginAllowed(httpRequest) {
  const { origin, host } = httpRequest.headers;
  if (origin === undefined) {
    return true;
  }
  try {
    const page = new URL(origin);
    // Parsed with the page's scheme, so that a default port counts as none on both sides.
    return page.host === new URL(`${page.protocol}//${host}`).host;
  } catch {
    // 'null', which sandboxed frames and file: pages send, or no URL.
    return false;
  }
}

module.exports = { isOriginAllowed };
