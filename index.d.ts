/// <reference types="node" />

// `export *` lets a `declare module` of an application extend these classes. It would hide a class
// that is exported by name.
export * from './types/client';
export * from './types/config';
export * from './types/connection';
export * from './types/frame';
export * from './types/request';
export * from './types/router';
export * from './types/server';
export * from './types/w3c';

/** Warnings about deprecated names. None are deprecated at present. */
export declare const deprecation: {
  /** Silences every warning. */
  disableWarnings: boolean;
  /** The text of each warning by its name; false after it was written. */
  deprecationWarningMap: { [name: string]: string | false };
  /** Writes a warning to standard error, the first time. */
  warn(deprecationName: string): void;
};

/** The version of this package. */
export declare const version: string;
