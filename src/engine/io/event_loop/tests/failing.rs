//! Links whose sends fail.

use super::*;
use crate::engine::events::sinks::DirectSink;
use crate::protocol::{MessageKind, SendOptions};

/// A link with a descriptor that no event loop serves, and its peer.
fn link(config: Config) -> io::Result<(TcpStream, Arc<SharedConnection>)> {
    let listener = TcpListener::bind(("127.0.0.1", 0))?;
    let (peer, link, descriptor) = connect(&listener, &Arc::new(Inbox::new()))?;
    let mut state = link.state();
    state.connection = Connection::new(config, Duration::ZERO);
    state.descriptor = Some(Arc::new(descriptor));
    drop(state);
    Ok((peer, link))
}

fn send_with_mark(link: &SharedConnection) {
    let mut state = link.state();
    state.connection.send_deflated(MessageKind::Text, b"lost".to_vec(), SendOptions::default()).expect("it is open");
    assert!(state.mark());
}

#[test]
fn the_mark_of_a_message_that_waits_to_be_deflated_is_not_reached() -> io::Result<()> {
    let (_peer, link) = link(compressing())?;
    send_with_mark(&link);
    link.state().fail(io::ErrorKind::ConnectionReset.into());
    assert_eq!(link.state().unsent_marks(), 1);
    Ok(())
}

#[test]
fn the_mark_of_a_message_sent_after_the_failure_is_not_reached() -> io::Result<()> {
    let (_peer, link) = link(compressing())?;
    link.state().fail(io::ErrorKind::ConnectionReset.into());
    send_with_mark(&link);
    link.flush(&mut link.state(), Duration::ZERO, &mut DirectSink);
    link.deflate();
    link.flush(&mut link.state(), Duration::ZERO, &mut DirectSink);
    link.release(Release::AtOnce);
    assert_eq!(link.state().unsent_marks(), 1);
    Ok(())
}

#[test]
fn a_link_that_lingers_ends_its_output_although_a_send_has_failed() -> io::Result<()> {
    let (mut peer, link) = link(config())?;
    // The connection stands: the system had no memory.
    link.state().fail(io::Error::from_raw_os_error(libc::ENOBUFS));
    link.release(Release::Lingering);
    peer.set_read_timeout(Some(Duration::from_secs(60)))?;
    assert_eq!(peer.read(&mut [0; 16])?, 0);
    Ok(())
}
