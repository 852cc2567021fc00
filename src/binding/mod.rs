//! What Node.js sees: conversions and the delivery of batches. Nothing here decides about the protocol.

mod engine;
mod frames;
mod options;
mod values;
