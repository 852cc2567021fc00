// biome-ignore-all lint/suspicious/noExplicitAny: the arguments of events that only the application knows

import { EventEmitter } from 'node:events';

/**
 * An EventEmitter that knows the arguments of its events. Other events, which an application may emit
 * itself, take any.
 */
export declare class Emitter<
  Events extends { [E in keyof Events]: unknown[] },
> extends EventEmitter {
  on<E extends keyof Events>(event: E, listener: (...args: Events[E]) => void): this;
  on<E extends string | symbol>(
    event: Exclude<E, keyof Events>,
    listener: (...args: any[]) => void,
  ): this;
  addListener<E extends keyof Events>(event: E, listener: (...args: Events[E]) => void): this;
  addListener<E extends string | symbol>(
    event: Exclude<E, keyof Events>,
    listener: (...args: any[]) => void,
  ): this;
  once<E extends keyof Events>(event: E, listener: (...args: Events[E]) => void): this;
  once<E extends string | symbol>(
    event: Exclude<E, keyof Events>,
    listener: (...args: any[]) => void,
  ): this;
  prependListener<E extends keyof Events>(event: E, listener: (...args: Events[E]) => void): this;
  prependListener<E extends string | symbol>(
    event: Exclude<E, keyof Events>,
    listener: (...args: any[]) => void,
  ): this;
  prependOnceListener<E extends keyof Events>(
    event: E,
    listener: (...args: Events[E]) => void,
  ): this;
  prependOnceListener<E extends string | symbol>(
    event: Exclude<E, keyof Events>,
    listener: (...args: any[]) => void,
  ): this;
}
