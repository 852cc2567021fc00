//! IP addresses in the words of Node.

use std::ffi::CStr;
use std::net::{Ipv6Addr, SocketAddr};

/// The IP address as text. For IPv6 it has the scope of a link-local address.
pub fn text(address: &SocketAddr) -> String {
    match address {
        SocketAddr::V4(address) => address.ip().to_string(),
        SocketAddr::V6(address) => with_scope(address.ip(), address.scope_id()),
    }
}

/// An address, with the name of its interface if it is link-local.
fn with_scope(address: &Ipv6Addr, scope: u32) -> String {
    let mut name = [0; libc::IF_NAMESIZE];
    if address.is_unicast_link_local()
        && scope > 0
        // SAFETY: the kernel writes at most `IF_NAMESIZE` bytes, with the final zero.
        && !unsafe { libc::if_indextoname(scope, name.as_mut_ptr().cast()) }.is_null()
        && let Ok(name) = CStr::from_bytes_until_nul(&name)
    {
        return format!("{address}%{}", name.to_string_lossy());
    }
    address.to_string()
}
