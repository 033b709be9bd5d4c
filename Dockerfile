# One static binary on scratch: no shell, no package manager, nothing to update but itself.
ARG BUILDER=docker.io/library/rust:1.95-bookworm
FROM ${BUILDER} AS build
WORKDIR /src
# Dependencies are a layer of their own: they change less often than the code.
COPY Cargo.toml Cargo.lock rust-toolchain.toml ./
RUN mkdir -p src tests && printf 'fn main() {}\n' > src/main.rs && touch src/lib.rs \
 && for test in $(sed -n '/^\[\[test\]\]/{n;s/^name = "\(.*\)"/\1/p}' Cargo.toml); do touch "tests/$test.rs"; done \
 && RUSTFLAGS="-C target-feature=+crt-static" cargo build --release --locked --target "$(rustc -vV | sed -n 's/^host: //p')"
COPY defaults.toml ./
COPY src src
# The touch makes cargo see that the sources are newer than the stand-ins.
RUN touch src/main.rs src/lib.rs \
 && target="$(rustc -vV | sed -n 's/^host: //p')" \
 && RUSTFLAGS="-C target-feature=+crt-static" cargo build --release --locked --target "$target" \
 && cp "target/$target/release/pod-hardener" /pod-hardener

FROM scratch
LABEL org.opencontainers.image.title="pod-hardener" \
      org.opencontainers.image.description="A Kubernetes admission webhook that fills in the security settings a pod's author left out" \
      org.opencontainers.image.licenses="Apache-2.0"
COPY --from=build /pod-hardener /pod-hardener
USER 65532:65532
ENTRYPOINT ["/pod-hardener"]
CMD ["serve", "--listen", "0.0.0.0:8443", "--admin", "0.0.0.0:8080"]
