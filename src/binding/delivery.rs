//! Hands events over to JavaScript, and waits for more of them.

use napi::bindgen_prelude::*;
use napi::{Env, sys};

use super::abi::BATCH_LAST;
use super::engine::Engine;
use super::views::{Batch, PayloadMemory};
use crate::engine::base::clock::now;

impl Engine {
    /// See [`calls`](Self::calls).
    pub(super) fn drain(
        &mut self,
        env: &Env,
        batch: sys::napi_value,
        payloads: sys::napi_value,
        memory: PayloadMemory<'_>,
    ) -> Result<u32> {
        if self.taken_next == self.taken.records.len() {
            self.taken.clear();
            self.taken_next = 0;
            self.takes = self.takes.wrapping_add(1);
            if !self.inbox.take(&mut self.taken) {
                return Ok(BATCH_LAST);
            }
            self.spin_policy.after_wake(self.taken.records.len(), now);
        }
        let mut batch = Batch::new(env, batch, payloads, memory)?;
        while batch.has_room() && self.taken_next < self.taken.records.len() {
            let record = &mut self.taken.records[self.taken_next];
            self.taken_next += 1;
            let entry = self.links.get(record.slot as usize).and_then(Option::as_ref);
            let weight = batch.push(record, &self.taken.short, entry.is_some_and(|entry| entry.rules.shares_memory))?;
            if let Some(entry) = entry {
                entry.link.taken(weight);
            }
        }
        self.inbox.waiting.take(batch.weight());
        // While I/O threads serve links, JavaScript looks once more before it sleeps, so that they
        // need not wake it.
        let last = self.served == 0 && self.taken_next == self.taken.records.len() && self.inbox.sleep_if_empty();
        Ok(batch.len() | if last { BATCH_LAST } else { 0 })
    }

    /// See [`calls`](Self::calls).
    pub(super) fn take(
        &mut self,
        env: &Env,
        batch: sys::napi_value,
        payloads: sys::napi_value,
        memory: PayloadMemory<'_>,
    ) -> Result<u32> {
        let mut batch = Batch::new(env, batch, payloads, memory)?;
        while batch.has_room() && self.own_next < self.own.records.len() {
            let record = &mut self.own.records[self.own_next];
            self.own_next += 1;
            let entry = self.links.get(record.slot as usize).and_then(Option::as_ref);
            batch.push(record, &self.own.short, entry.is_some_and(|entry| entry.rules.shares_memory))?;
        }
        let last = self.own_next == self.own.records.len();
        if last {
            self.own.clear();
            self.own_next = 0;
        }
        Ok(batch.len() | if last { BATCH_LAST } else { 0 })
    }

    /// See [`calls`](Self::calls).
    pub(super) fn wait(&mut self) -> bool {
        self.spin_policy.wait_for(&self.inbox)
    }

    /// See [`calls`](Self::calls).
    pub(super) fn hand_back(&mut self) {
        self.spin_policy.hand_back();
    }
}
