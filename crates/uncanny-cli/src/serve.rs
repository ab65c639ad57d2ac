//! The local page of `uncanny serve`: one process, one address of this machine, one device.
//!
//! ```text
//! listen (connections) -> door (who may come in) -> routes (what can be asked for)
//!                                                     | Job            ^ News
//!                                                   queue (bounded) -> device (the one thread with the models)
//! ```
//!
//! `page/` is what the browser shows, `assets.rs` hands it out.

mod assets;
mod device;
mod door;
mod listen;
mod queue;
mod refusal;
mod routes;
mod save;
mod settings;

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::thread::{self, JoinHandle};

use serde::Serialize;
use tokio::runtime::Runtime;
use tokio::sync::watch;
use uncanny::Models;

pub(crate) use self::listen::{Patience, USUAL_PORT};
use self::queue::Queue;
use self::routes::Desk;

/// A model that the page offers.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Model {
    pub(crate) name: String,
    /// What is said of it.
    pub(crate) about: String,
    /// How strong a hint of a face it is given unless asked otherwise.
    pub(crate) hint: f32,
}

/// A page that is being served, until it is told to stop.
#[derive(Debug)]
pub(crate) struct Server {
    address: SocketAddr,
    queue: Arc<Queue>,
    device: JoinHandle<()>,
    stop: watch::Sender<bool>,
    connections: tokio::task::JoinHandle<()>,
    runtime: Runtime,
}

impl Server {
    /// Begins to serve. `models` are those that the page offers, `first` the one that it begins with.
    ///
    /// # Errors
    /// When the port cannot be had, or no thread.
    pub(crate) fn start(
        port: Option<u16>,
        loaded: impl Models + 'static,
        models: Vec<Model>,
        first: String,
        patience: Patience,
    ) -> io::Result<Server> {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .thread_name("serve")
            .enable_io()
            .enable_time()
            .build()?;
        let listener = runtime.block_on(listen::bind(port))?;
        let address = listener.local_addr()?;
        let queue = Arc::new(Queue::default());
        let device = thread::Builder::new().name("device".to_owned()).spawn({
            let (queue, mut loaded) = (Arc::clone(&queue), loaded);
            move || device::run(&queue, &mut loaded)
        })?;
        let router = routes::router(Arc::new(Desk::new(
            Arc::clone(&queue),
            models,
            first,
            patience,
        )));
        let (stop, stopped) = watch::channel(false);
        let connections = runtime.spawn(listen::serve(listener, router, patience, stopped));
        Ok(Server {
            address,
            queue,
            device,
            stop,
            connections,
            runtime,
        })
    }

    /// Where the page is.
    pub(crate) fn url(&self) -> String {
        format!("http://{}/", self.address)
    }

    /// Finishes what is being answered, within reason, and ends.
    pub(crate) fn stop(self) {
        self.queue.close();
        let _ = self.stop.send(true);
        let _ = self.runtime.block_on(self.connections);
        // The device ends with the iteration that it is at.
        let _ = self.device.join();
    }
}

#[cfg(test)]
mod tests;
