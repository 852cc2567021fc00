// Like augmentation.ts, for the socket with a browser's interface.

import { w3cwebsocket } from 'websocket';

declare module 'websocket' {
  interface w3cwebsocket {
    attempts: number;
  }
}

const socket = new w3cwebsocket('ws://localhost:1/');
socket.attempts = 3;
socket.onopen = () => socket.send('x');
socket.onclose = ({ code }) => socket.attempts * code;
