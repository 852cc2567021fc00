//! Hands events over to JavaScript, and waits for more of them.

use napi::bindgen_prelude::*;
use napi::{Env, sys};

use super::abi::BATCH_LAST;
use super::engine::Engine;
use super::views::Batch;
use crate::engine::base::clock::now;

impl Engine {
    /// See [`calls`](Self::calls).
    pub(super) fn drain(&mut self, env: &Env, batch: sys::napi_value, payloads: sys::napi_value) -> Result<u32> {
        if self.taken_next == self.taken.records.len() {
            self.taken.clear();
            self.taken_next = 0;
            if !self.inbox.take(&mut self.taken) {
                return Ok(BATCH_LAST);
            }
            self.spin_policy.after_wake(self.taken.records.len(), now);
        }
        let mut batch = Batch::new(env, batch, payloads)?;
        while batch.has_room() && self.taken_next < self.taken.records.len() {
            let record = &mut self.taken.records[self.taken_next];
            self.taken_next += 1;
            let slot = record.slot as usize;
            let weight = batch.push(record, &self.taken.short)?;
            if let Some(Some(entry)) = self.links.get(slot) {
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
    pub(super) fn take(&mut self, env: &Env, batch: sys::napi_value, payloads: sys::napi_value) -> Result<u32> {
        let mut batch = Batch::new(env, batch, payloads)?;
        while batch.has_room() && self.own_next < self.own.records.len() {
            let record = &mut self.own.records[self.own_next];
            self.own_next += 1;
            batch.push(record, &self.own.short)?;
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
