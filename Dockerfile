# One static binary on scratch: no shell, no package manager, nothing to update but itself.
#
#   docker build -t pod-hardener .                                  for this machine's architecture
#   docker buildx build --platform linux/amd64,linux/arm64 .        for both, without an emulator: the compiler runs on this one's
#
# BASE is a Debian with a C compiler, make and the toolchain of rust-toolchain.toml.
ARG BASE=docker.io/library/rust:1.95.0-bookworm
FROM --platform=$BUILDPLATFORM ${BASE} AS build
ARG TARGETARCH
WORKDIR /src
# How cargo builds for the architecture that is wanted: glibc, which the tests run on too, is linked in. Kernels for arm64 have
# pages of 4, 16 or 64 KiB, and jemalloc runs on all that are no larger than the one it was built for.
RUN case "$TARGETARCH" in \
      amd64) cpu=x86_64 gcc=gcc-x86-64-linux-gnu page=12 ;; \
      arm64) cpu=aarch64 gcc=gcc-aarch64-linux-gnu page=16 ;; \
      *) echo "nothing is known of the architecture '$TARGETARCH'" >&2; exit 1 ;; \
    esac \
 && if [ "$cpu" != "$(uname -m)" ]; then \
      apt-get -q update \
      && apt-get -qy install --no-install-recommends "$gcc" "libc6-dev-$TARGETARCH-cross" \
      && rm -rf /var/lib/apt/lists/* \
      && rustup target add "$cpu-unknown-linux-gnu"; \
    fi \
 && mkdir .cargo \
 && printf '%s\n' \
      '[build]' "target = '$cpu-unknown-linux-gnu'" "rustflags = ['-C', 'target-feature=+crt-static']" \
      "[target.$cpu-unknown-linux-gnu]" "linker = '$cpu-linux-gnu-gcc'" \
      '[env]' "JEMALLOC_SYS_WITH_LG_PAGE = '$page'" >.cargo/config.toml
# Dependencies are a layer of their own: they change less often than the code, for which there is a stand-in. The tests, which
# are not here, are taken out of the manifest.
COPY Cargo.toml Cargo.lock ./
RUN sed -i '/^\[\[test\]\]/,/^$/d' Cargo.toml \
 && mkdir src && echo 'fn main() {}' >src/main.rs && touch src/lib.rs \
 && cargo build --release --locked
COPY defaults.toml ./
COPY link link
COPY src src
# The touch makes cargo see that the sources are newer than the stand-in. For the linker: docs/decisions/0020-side-by-side.md.
RUN touch src/main.rs src/lib.rs \
 && cargo rustc --release --locked --bin pod-hardener -- \
      -C link-arg=-Wl,-z,pack-relative-relocs -C link-arg=-Wl,-T,link/first.ld \
 && cp target/*/release/pod-hardener /pod-hardener

FROM scratch
ARG VERSION
ARG REVISION
ARG SOURCE=https://github.com/pod-hardener/pod-hardener
LABEL org.opencontainers.image.title="pod-hardener" \
      org.opencontainers.image.description="A Kubernetes mutating admission webhook that fills in the security settings a pod's author left out" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.source="$SOURCE" \
      org.opencontainers.image.version="$VERSION" \
      org.opencontainers.image.revision="$REVISION"
COPY --from=build /pod-hardener /pod-hardener
USER 65532:65532
ENTRYPOINT ["/pod-hardener"]
CMD ["serve", "--listen", "0.0.0.0:8443", "--admin", "0.0.0.0:8080"]
