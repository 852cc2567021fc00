//! There are no I/O threads here.

use std::io;
use std::sync::Arc;

use crate::engine::link::shared_connection::SharedConnection;
use crate::transport::descriptor::Descriptor;

/// There are no descriptors here.
pub fn adopt(_link: &Arc<SharedConnection>, descriptor: Descriptor, _owns: bool) -> io::Result<()> {
    match descriptor {}
}

/// Fails.
pub fn serve(_link: &Arc<SharedConnection>) -> io::Result<()> {
    Err(io::ErrorKind::Unsupported.into())
}
