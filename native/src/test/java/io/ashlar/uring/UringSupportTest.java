package io.ashlar.uring;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

class UringSupportTest {
  @Test
  void shouldSayWhereTheLibraryCameFromWhenAvailable() {
    UringSupport support = UringSupport.probe(kernel("6.18.4-lts"), () -> "system liburing.so.2");
    assertThat(support.available()).isTrue();
    assertThat(support).hasToString("io_uring available: system liburing.so.2");
  }

  @Test
  void shouldProbeThisMachineOnce() {
    assertThat(UringSupport.probe()).isSameAs(UringSupport.probe());
    assertThat(UringSupport.probe().reason()).isNotEmpty();
  }

  @ParameterizedTest
  @MethodSource
  void shouldRefuseBeforeTryingARing(UringSupport.Environment environment, String reason) {
    UringSupport support =
        UringSupport.probe(
            environment,
            () -> {
              throw new AssertionError("tried a ring");
            });
    assertThat(support.available()).isFalse();
    assertThat(support.reason()).contains(reason);
  }

  static Stream<Arguments> shouldRefuseBeforeTryingARing() {
    return Stream.of(
        Arguments.of(kernel("5.15.0-100-generic"), "kernel 5.15.0-100-generic is below 6.1"),
        Arguments.of(kernel("6.0.9"), "is below 6.1"),
        Arguments.of(kernel("unknown"), "is below 6.1"),
        Arguments.of(
            new UringSupport.Environment("off", true, "Linux", "6.18", "0"), "ashlar.uring=off"),
        Arguments.of(
            new UringSupport.Environment(null, false, "Mac OS X", "25.0", ""),
            "operating system is Mac OS X"),
        Arguments.of(
            new UringSupport.Environment(null, false, "Linux", "6.6.1", "2"),
            "kernel.io_uring_disabled=2"));
  }

  @ParameterizedTest
  @MethodSource
  void shouldNameTheRemedyForEachErrno(int errno, String disabled, String remedy) {
    UringSupport support =
        UringSupport.probe(
            new UringSupport.Environment(null, false, "Linux", "6.6.1", disabled),
            () -> {
              throw new NativeException("io_uring_setup", errno, "");
            });
    assertThat(support.available()).isFalse();
    assertThat(support.reason()).contains(Errno.name(errno), remedy);
  }

  static Stream<Arguments> shouldNameTheRemedyForEachErrno() {
    return Stream.of(
        Arguments.of(Errno.EPERM, "0", "seccomp"),
        Arguments.of(Errno.EPERM, "1", "kernel.io_uring_disabled=1"),
        Arguments.of(Errno.ENOSYS, "0", "built without it"),
        Arguments.of(Errno.ENOMEM, "0", "RLIMIT_MEMLOCK"),
        Arguments.of(Errno.EMFILE, "0", "RLIMIT_NOFILE"),
        Arguments.of(Errno.ENFILE, "0", "fs.file-max"));
  }

  @Test
  void shouldTryAnOldKernelWhenForced() {
    UringSupport support =
        UringSupport.probe(
            new UringSupport.Environment(null, true, "Linux", "5.15", ""), () -> "library");
    assertThat(support.available()).isTrue();
  }

  @Test
  void shouldNameEachPlaceWithoutALibrary() {
    UringSupport support =
        UringSupport.probe(
            kernel("6.6"),
            () -> {
              throw new IllegalStateException("system liburing.so.2: not found");
            });
    assertThat(support.reason())
        .isEqualTo("liburing cannot be used: system liburing.so.2: not found");
  }

  @Test
  void shouldNameTheFlagWhenNativeAccessIsDenied() {
    UringSupport support =
        UringSupport.probe(
            kernel("6.6"),
            () -> {
              throw new IllegalCallerException(
                  "native access is denied: start the JVM with " + NativeAccess.FLAG);
            });
    assertThat(support.reason()).contains("--enable-native-access=ALL-UNNAMED");
  }

  private static UringSupport.Environment kernel(String version) {
    return new UringSupport.Environment(null, false, "Linux", version, "0");
  }
}
