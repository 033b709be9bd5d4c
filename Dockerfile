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
# glibc, which the tests run on too, is linked in. Kernels for arm64 have pages of 4, 16 or 64 KiB, and jemalloc runs on all that are no
# larger than the one it was built for. A linker is named for the other architecture alone: by itself, the compiler brings one along that
# knows in which order functions are to lie. What counts what the program runs, for the compiler, is written in Python.
RUN case "$TARGETARCH" in \
      amd64) cpu=x86_64 gcc=gcc-x86-64-linux-gnu page=12 ;; \
      arm64) cpu=aarch64 gcc=gcc-aarch64-linux-gnu page=16 ;; \
      *) echo "nothing is known of the architecture '$TARGETARCH'" >&2; exit 1 ;; \
    esac \
 && target=$cpu-unknown-linux-gnu packages=python3 \
 && mkdir .cargo \
 && printf '%s\n' '[env]' "JEMALLOC_SYS_WITH_LG_PAGE = '$page'" >.cargo/config.toml \
 && if [ "$cpu" = "$(uname -m)" ]; then \
      packages="$packages llvm-$(rustc -vV | sed -n 's/^LLVM version: \([0-9]*\).*/\1/p')"; \
    else \
      packages="$packages $gcc libc6-dev-$TARGETARCH-cross" \
      && printf '%s\n' "[target.$target]" "linker = '$cpu-linux-gnu-gcc'" >>.cargo/config.toml \
      && rustup target add "$target"; \
    fi \
 && apt-get -q update \
 && apt-get -qy install --no-install-recommends $packages \
 && rm -rf /var/lib/apt/lists/* \
 && echo "$target" >.target
COPY Cargo.toml Cargo.lock defaults.toml ./
COPY examples/overrides.toml examples/
COPY bench/release bench/*.py bench/
COPY src src
# The tests, which are not here, are taken out of the manifest.
RUN sed -i '/^\[\[test\]\]/,/^$/d' Cargo.toml \
 && cp "$(bench/release "$(cat .target)")" /pod-hardener

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
