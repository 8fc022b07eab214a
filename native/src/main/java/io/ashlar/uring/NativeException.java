package io.ashlar.uring;

/**
 * A system call or a ring operation failed: which call, with which error number, on what.
 *
 * <p>Immutable; safe from any thread. Messages read {@code pwritev2 failed: ENOSPC (No space left
 * on device), file=/data/store}.
 */
public final class NativeException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  private final String call;
  private final int errno;

  /**
   * Makes the exception of one failed call.
   *
   * @param call the system call's name, such as {@code pwritev2}.
   * @param errno the positive error number, see {@link Errno}.
   * @param subject the subject of the call, as {@code name=value} pairs; may be empty.
   */
  public NativeException(String call, int errno, String subject) {
    super(message(call, errno, subject));
    this.call = call;
    this.errno = errno;
  }

  /** Returns the name of the call that failed. */
  public String call() {
    return call;
  }

  /** Returns the positive error number. */
  public int errno() {
    return errno;
  }

  /**
   * Returns whether the device failed at this one place, as at a bad sector: the rest of it may be
   * in order. A device that is gone may fail so as well, and then fails everywhere.
   */
  public boolean isOfMedium() {
    return switch (errno) {
      case Errno.EIO, Errno.ENODATA, Errno.EBADMSG, Errno.EILSEQ, Errno.EUCLEAN, Errno.EREMOTEIO ->
          true;
      default -> false;
    };
  }

  private static String message(String call, int errno, String subject) {
    String description = Errno.description(errno);
    return call
        + " failed: "
        + Errno.name(errno)
        + (description.isEmpty() ? "" : " (" + description + ")")
        + (subject.isEmpty() ? "" : ", " + subject);
  }
}
