// Handlers of w3cwebsocket as applications of npm `websocket` read, call and pass them.

import { type ICloseEvent, type IMessageEvent, w3cwebsocket } from 'websocket';

/** An application's type for any kind of socket. */
interface Channel {
  readonly readyState: number;
  onopen: () => void;
  onmessage: (message: IMessageEvent) => void;
  onclose: (event: ICloseEvent) => void;
  onerror: (error: Error) => void;
  send(data: string): void;
  close(): void;
}

const socket = new w3cwebsocket('ws://localhost:8080/');
const channel: Channel = socket;

socket.onopen = () => channel.send('hello');
socket.onmessage = (message) => console.log(message.data);
socket.onclose = ({ code, reason, wasClean }) => console.log(code, reason, wasClean);
socket.onerror = (error: Error) => console.error(error.message);

const before: (message: IMessageEvent) => void = socket.onmessage;
socket.onmessage = (message: IMessageEvent) => before(message);
socket.onopen();
socket.onmessage({ data: 'made up' });
socket.onclose({ code: 1000, reason: '', wasClean: true });

class Loud extends w3cwebsocket {
  onopen = () => console.log('open');
}
const loud: w3cwebsocket = new Loud('ws://localhost:8080/');
loud.close();
