//! The limit: the program's own layer of HTTP and TLS, which reads the whole body and answers a constant.

use std::convert::Infallible;

use tikv_jemallocator::Jemalloc;

#[global_allocator]
static ALLOCATOR: Jemalloc = Jemalloc;

/// As long as the reply to a small review.
const REPLY: usize = 900;

fn main() -> anyhow::Result<Infallible> {
    pod_hardener_bench::serve(|_| vec![b' '; REPLY])
}
