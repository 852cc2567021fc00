export * from 'websocket-native/ws';
export { default } from 'websocket-native/ws';
