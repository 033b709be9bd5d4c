//! An honest client, as the API server is one: 50 requests a second, most of them on connections that it keeps.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, mpsc};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use crate::process::{Connection, Server, Target};

/// Between two requests.
const EVERY: Duration = Duration::from_millis(20);

/// Connections that are kept.
const KEPT: usize = 3;

/// How many requests go by until one has a connection of its own.
const NEW: usize = 10;

/// An honest client, until this is asked for what it noticed.
pub(crate) struct Honest {
    end: Arc<AtomicBool>,
    most_memory: Arc<AtomicU64>,
    thread: JoinHandle<Vec<Duration>>,
    sampler: JoinHandle<()>,
}

/// What it noticed.
pub(crate) struct Noticed {
    pub(crate) requests: usize,
    pub(crate) median: Duration,
    pub(crate) slowest: Duration,
    /// The most memory that the server had, in KiB.
    pub(crate) memory: u64,
}

impl Honest {
    pub(crate) fn start(server: &Server) -> Self {
        let end = Arc::new(AtomicBool::new(false));
        let most_memory = Arc::new(AtomicU64::new(0));
        let target = server.target();
        let thread = {
            let end = Arc::clone(&end);
            let (begun, begin) = mpsc::channel();
            let thread = std::thread::spawn(move || ask(&target, &end, &begun));
            begin.recv().expect("it connects");
            thread
        };
        let sampler = {
            let (end, most, process) =
                (Arc::clone(&end), Arc::clone(&most_memory), server.process());
            std::thread::spawn(move || {
                while !end.load(Ordering::Relaxed) {
                    most.fetch_max(process.memory(), Ordering::Relaxed);
                    std::thread::sleep(Duration::from_millis(5));
                }
            })
        };
        Self {
            end,
            most_memory,
            thread,
            sampler,
        }
    }

    pub(crate) fn end(self) -> Noticed {
        self.end.store(true, Ordering::Relaxed);
        let mut times = self.thread.join().expect("no honest request fails");
        self.sampler.join().expect("the server lives");
        times.sort_unstable();
        Noticed {
            requests: times.len(),
            median: times[times.len() / 2],
            slowest: times[times.len() - 1],
            memory: self.most_memory.load(Ordering::Relaxed),
        }
    }
}

/// Asks until the end, and says how long each answer took.
fn ask(target: &Target, end: &AtomicBool, begun: &mpsc::Sender<()>) -> Vec<Duration> {
    let used = |_| {
        let mut connection = target.connect();
        connection.ask();
        connection
    };
    let mut kept: Vec<Connection> = (0..KEPT).map(used).collect();
    begun.send(()).expect("somebody waits");
    let mut times = Vec::new();
    let began = Instant::now();
    for number in 0.. {
        let due = began + EVERY * number;
        std::thread::sleep(due.saturating_duration_since(Instant::now()));
        let asked = Instant::now();
        let number = number as usize;
        match number % NEW {
            0 => target.connect().ask(),
            _ => kept[number % KEPT].ask(),
        };
        times.push(asked.elapsed());
        if end.load(Ordering::Relaxed) {
            break;
        }
    }
    times
}
