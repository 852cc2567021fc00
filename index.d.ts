/// <reference types="node" />

export { client, IClientEvents, IConnecting } from './types/client';
export { IClientConfig, IConfig, IPerMessageDeflate, IServerConfig } from './types/config';
export {
  connection,
  IBinaryMessage,
  IConnectionEvents,
  ISendOptions,
  IStringified,
  IUtf8Message,
  Message,
  SendCallback,
} from './types/connection';
export { frame, IBufferList, IFrameSource } from './types/frame';
export {
  IAcceptOptions,
  ICookie,
  IExtension,
  IRequestCookie,
  IRequestEvents,
  IRequestedExtension,
  request,
} from './types/request';
export {
  IRouterConfig,
  IRouterHandler,
  IRouterRequest,
  IRouterRequestEvents,
  router,
} from './types/router';
export { IServerEvents, server } from './types/server';
export {
  ICloseEvent,
  IErrorEvent,
  IListenerOptions,
  IMessageEvent,
  IWebSocketEventMap,
  IWebSocketListener,
  w3cwebsocket,
} from './types/w3c';

/** Warnings about deprecated names. None are deprecated at present. */
export declare const deprecation: {
  /** Silences every warning. */
  disableWarnings: boolean;
  /** The text of each warning by its name; false once it has been written. */
  deprecationWarningMap: { [name: string]: string | false };
  /** Writes a warning to standard error, the first time. */
  warn(deprecationName: string): void;
};

/** The version of this package. */
export declare const version: string;
