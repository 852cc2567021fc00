//! Moves bytes between the peers and the protocol, and events between the protocol and JavaScript.
//!
//! A link is one [`SharedConnection`](link::shared_connection::SharedConnection). The thread of its
//! JavaScript shares it with an I/O thread, once its descriptor is adopted. Events of all links of
//! a Node environment travel through its one [`Inbox`](events::inbox::Inbox).
//!
//! The layers are `base`, `events`, `link`, `io` and `waiting`. A file imports only from its own
//! layer and from those before it in this list, by file, and without a cycle.

pub mod base;
pub mod events;
pub mod io;
pub mod link;
pub mod waiting;
