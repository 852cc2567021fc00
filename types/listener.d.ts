// biome-ignore-all lint/suspicious/noExplicitAny: an application's own events

/** The arguments of an event that the application emits itself. */
export type AnyArguments = any[];

/** A listener of such an event. */
export type AnyListener = (...args: AnyArguments) => void;

/**
 * The listener of each event in `Events`, which has a tuple of arguments for each. Classes look it
 * up in an interface that extends this, because TypeScript before 5.0 infers no parameters from the
 * tuples.
 */
export type Listeners<Events extends { [E in keyof Events]: unknown[] }> = {
  [E in keyof Events]: (...args: Events[E]) => void;
};
