// biome-ignore-all lint/suspicious/noExplicitAny: only the application knows what its own events carry

/** The arguments of an event that the application emits itself. */
export type AnyArguments = any[];

/** What listens to such an event. */
export type AnyListener = (...args: AnyArguments) => void;

/**
 * What listens to each event of `Events`, which have a tuple of arguments each. Classes look it up in an interface
 * that extends this: TypeScript before 5.0 infers no parameters from the tuples themselves.
 */
export type Listeners<Events extends { [E in keyof Events]: unknown[] }> = {
  [E in keyof Events]: (...args: Events[E]) => void;
};
