// What the types have beyond those of npm ws.

import WebSocket, {
  extension,
  PerMessageDeflate,
  Receiver,
  Sender,
  subprotocol,
  WebSocketServer,
} from 'websocket-native/ws';

const client = new WebSocket('ws://localhost', {
  protocols: ['a'],
  transport: 'stream',
  closeTimeout: 1,
  maxPendingAutoPongs: 0,
});
client.binaryType = 'blob';
client.removeEventListener('close', { handleEvent: () => {} });
new WebSocketServer({ port: 0, transport: 'stream', closeTimeout: 5 });
new WebSocket(null, undefined, { autoPong: false });
// @ts-expect-error there are two transports, and only one can be demanded
new WebSocketServer({ port: 0, transport: 'native' });
// @ts-expect-error no such type
client.binaryType = 'text';

const offers = extension.parse('permessage-deflate; client_max_window_bits');
const header: string = extension.format({ [PerMessageDeflate.extensionName]: [{ a: true }] });
const protocols: Set<string> = subprotocol.parse('a, b');
const deflate = new PerMessageDeflate({ isServer: true, threshold: 0 });
deflate.accept(offers['permessage-deflate'] ?? []);
deflate.compress('text', true, (error, data) => [error?.message, data.length]);
const receiver: Receiver = new Receiver({ isServer: true, maxPayload: 5 });
receiver.on('conclude', (code, reason) => [code, reason]);
const sender: Sender = new Sender(null as never);
sender.sendFrame(Sender.frame(Buffer.from('a'), { opcode: 1, fin: true }), (error) => error);

export { header, protocols, receiver };
