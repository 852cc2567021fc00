//! No order of calls breaks a promise of a connection.
//!
//! Input: two bytes of switches, then calls: a letter each, and its arguments.
#![no_main]

use libfuzzer_sys::fuzz_target;
use websocket_native_fuzz::Choices;
use websocket_native_fuzz::machine::Machine;

fuzz_target!(|input: &[u8]| {
    let mut choices = Choices::new(input);
    let Some(config) = choices.config() else { return };
    let mut machine = Machine::new(config);
    while let Some(operation) = choices.operation() {
        machine.apply(operation);
    }
});
