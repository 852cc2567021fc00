import websocket from './index.js';

export const {
  server,
  client,
  router,
  frame,
  request,
  connection,
  w3cwebsocket,
  deprecation,
  version,
} = websocket;

export default websocket;
