package io.ashlar.uring;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Whether io_uring can be used in this JVM, and if not, exactly why.
 *
 * <p>System properties: {@code ashlar.uring=off} refuses it; {@code ashlar.uring.force=true}
 * accepts a kernel below 6.1. Immutable. Thread: any.
 */
public final class UringSupport {
  private static final int PROBE_ENTRIES = 8;
  private static final Path DISABLED = Path.of("/proc/sys/kernel/io_uring_disabled");
  private static final Pattern VERSION = Pattern.compile("(\\d+)\\.(\\d+).*");

  private static @Nullable UringSupport probed; // once it was available

  private final boolean available;
  private final String reason;

  private UringSupport(boolean available, String reason) {
    this.available = available;
    this.reason = reason;
  }

  /** The inputs of a probe; a test sets its own. */
  record Environment(
      @Nullable String property, boolean force, String os, String kernelVersion, String disabled) {

    static Environment ofThisJvm() {
      String disabled = "";
      try {
        disabled = Files.readString(DISABLED).strip();
      } catch (IOException absent) {
        // Kernels before 6.6 have no such setting.
      }
      return new Environment(
          System.getProperty("ashlar.uring"),
          Boolean.getBoolean("ashlar.uring.force"),
          System.getProperty("os.name"),
          System.getProperty("os.version"),
          disabled);
    }
  }

  /**
   * Returns the answer for this JVM: opens and closes a small ring until that has worked once. A
   * refusal is not remembered, as it may pass: descriptors and memory come back.
   */
  public static synchronized UringSupport probe() {
    UringSupport known = probed;
    if (known == null) {
      known = probe(Environment.ofThisJvm(), UringSupport::tryRing);
      probed = known.available() ? known : null;
    }
    return known;
  }

  /** Returns what a refusal by the kernel says and what would mend it, in one phrase. */
  public static String reasonOf(NativeException refusal) {
    return reasonOf(refusal, Environment.ofThisJvm().disabled());
  }

  static UringSupport probe(Environment environment, Attempt attempt) {
    String refusal = refusal(environment);
    if (refusal != null) {
      return new UringSupport(false, refusal);
    }
    try {
      return new UringSupport(true, attempt.open());
    } catch (NativeException e) {
      return new UringSupport(false, reasonOf(e, environment.disabled()));
    } catch (IllegalCallerException e) {
      return new UringSupport(false, String.valueOf(e.getMessage()));
    } catch (IllegalStateException | LinkageError e) {
      return new UringSupport(false, "liburing cannot be used: " + e.getMessage());
    }
  }

  /** Opens and closes a ring; the outcome is where the library came from. */
  @FunctionalInterface
  interface Attempt {
    /** Returns what to say of success; throws what a ring's set-up throws. */
    String open();
  }

  /** Returns whether rings can be opened. */
  public boolean available() {
    return available;
  }

  /** Returns why not, or where the library came from if they can. */
  public String reason() {
    return reason;
  }

  @Override
  public String toString() {
    return (available ? "io_uring available: " : "io_uring unavailable: ") + reason;
  }

  private static @Nullable String refusal(Environment environment) {
    if ("off".equals(environment.property())) {
      return "switched off by the system property ashlar.uring=off";
    }
    if (!environment.os().equals("Linux")) {
      return "the operating system is " + environment.os();
    }
    Matcher version = VERSION.matcher(environment.kernelVersion());
    boolean old =
        !version.matches()
            || Integer.parseInt(version.group(1)) * 1000 + Integer.parseInt(version.group(2))
                < 6001;
    if (old && !environment.force()) {
      return "kernel "
          + environment.kernelVersion()
          + " is below 6.1 (-Dashlar.uring.force=true tries it anyway)";
    }
    if (environment.disabled().equals("2")) {
      return "sysctl kernel.io_uring_disabled=2 forbids it to all users";
    }
    return null;
  }

  private static String reasonOf(NativeException e, String disabled) {
    String hint =
        switch (e.errno()) {
          case Errno.EPERM, Errno.EACCES ->
              disabled.equals("2")
                  ? "sysctl kernel.io_uring_disabled=2 forbids it to all users"
                  : disabled.equals("1")
                      ? "sysctl kernel.io_uring_disabled=1 forbids it to users outside"
                          + " kernel.io_uring_group"
                      : "a seccomp filter forbids it (container runtimes do by default)";
          case Errno.ENOSYS -> "the kernel was built without it, or a seccomp filter hides it";
          case Errno.ENOMEM -> "raise RLIMIT_MEMLOCK (ulimit -l), or the container's memory limit";
          case Errno.EMFILE -> "raise RLIMIT_NOFILE (ulimit -n)";
          case Errno.ENFILE -> "raise sysctl fs.file-max";
          case Errno.EINVAL -> "the kernel lacks a flag that the ring needs";
          default -> "unexpected";
        };
    return e.getMessage() + ": " + hint;
  }

  private static String tryRing() {
    NativeAccess.require();
    LibraryLoader.Outcome library = LibraryLoader.load();
    String origin = library.origin();
    if (origin == null) {
      throw new IllegalStateException(library.reason());
    }
    LiburingKernel.open(PROBE_ENTRIES).exit();
    return origin;
  }
}
