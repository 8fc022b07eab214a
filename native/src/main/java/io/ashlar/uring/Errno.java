package io.ashlar.uring;

/**
 * The error numbers of Linux that this library tells apart, and the names of all that it may meet.
 *
 * <p>The values are those of {@code asm-generic/errno.h}, the same on x86-64 and aarch64; a test
 * compares them with the C compiler's. Source: errno(3).
 */
public final class Errno {
  public static final int EPERM = 1;
  public static final int ENOENT = 2;
  public static final int EINTR = 4;
  public static final int EIO = 5;
  public static final int ENXIO = 6;
  public static final int EBADF = 9;
  public static final int EAGAIN = 11;
  public static final int ENOMEM = 12;
  public static final int EACCES = 13;
  public static final int EFAULT = 14;
  public static final int EBUSY = 16;
  public static final int EEXIST = 17;
  public static final int ENODEV = 19;
  public static final int ENOTDIR = 20;
  public static final int EISDIR = 21;
  public static final int EINVAL = 22;
  public static final int ENFILE = 23;
  public static final int EMFILE = 24;
  public static final int EFBIG = 27;
  public static final int ENOSPC = 28;
  public static final int EROFS = 30;
  public static final int ENAMETOOLONG = 36;
  public static final int ENOLCK = 37;
  public static final int ENOSYS = 38;
  public static final int ELOOP = 40;
  public static final int ENODATA = 61;
  public static final int ETIME = 62;
  public static final int EBADMSG = 74;
  public static final int EBADFD = 77;
  public static final int EILSEQ = 84;
  public static final int EOPNOTSUPP = 95;
  public static final int ETIMEDOUT = 110;
  public static final int EALREADY = 114;
  public static final int ESTALE = 116;
  public static final int EUCLEAN = 117;
  public static final int EREMOTEIO = 121;
  public static final int EDQUOT = 122;
  public static final int ECANCELED = 125;

  private Errno() {}

  /**
   * Returns the symbolic name of an error number, such as {@code ENOSPC}.
   *
   * @param errno a positive error number; one that is not known gives {@code errno 123}.
   */
  public static String name(int errno) {
    return switch (errno) {
      case EPERM -> "EPERM";
      case ENOENT -> "ENOENT";
      case EINTR -> "EINTR";
      case EIO -> "EIO";
      case ENXIO -> "ENXIO";
      case EBADF -> "EBADF";
      case EAGAIN -> "EAGAIN";
      case ENOMEM -> "ENOMEM";
      case EACCES -> "EACCES";
      case EFAULT -> "EFAULT";
      case EBUSY -> "EBUSY";
      case EEXIST -> "EEXIST";
      case ENODEV -> "ENODEV";
      case ENOTDIR -> "ENOTDIR";
      case EISDIR -> "EISDIR";
      case EINVAL -> "EINVAL";
      case ENFILE -> "ENFILE";
      case EMFILE -> "EMFILE";
      case EFBIG -> "EFBIG";
      case ENOSPC -> "ENOSPC";
      case EROFS -> "EROFS";
      case ENAMETOOLONG -> "ENAMETOOLONG";
      case ENOLCK -> "ENOLCK";
      case ENOSYS -> "ENOSYS";
      case ELOOP -> "ELOOP";
      case ENODATA -> "ENODATA";
      case ETIME -> "ETIME";
      case EBADMSG -> "EBADMSG";
      case EBADFD -> "EBADFD";
      case EILSEQ -> "EILSEQ";
      case EOPNOTSUPP -> "EOPNOTSUPP";
      case ETIMEDOUT -> "ETIMEDOUT";
      case EALREADY -> "EALREADY";
      case ESTALE -> "ESTALE";
      case EUCLEAN -> "EUCLEAN";
      case EREMOTEIO -> "EREMOTEIO";
      case EDQUOT -> "EDQUOT";
      case ECANCELED -> "ECANCELED";
      default -> "errno " + errno;
    };
  }

  /** Returns what strerror(3) says of an error number; the empty string for one not known here. */
  static String description(int errno) {
    return switch (errno) {
      case EPERM -> "Operation not permitted";
      case ENOENT -> "No such file or directory";
      case EINTR -> "Interrupted system call";
      case EIO -> "Input/output error";
      case ENXIO -> "No such device or address";
      case EBADF -> "Bad file descriptor";
      case EAGAIN -> "Resource temporarily unavailable";
      case ENOMEM -> "Cannot allocate memory";
      case EACCES -> "Permission denied";
      case EFAULT -> "Bad address";
      case EBUSY -> "Device or resource busy";
      case EEXIST -> "File exists";
      case ENODEV -> "No such device";
      case ENOTDIR -> "Not a directory";
      case EISDIR -> "Is a directory";
      case EINVAL -> "Invalid argument";
      case ENFILE -> "Too many open files in system";
      case EMFILE -> "Too many open files";
      case EFBIG -> "File too large";
      case ENOSPC -> "No space left on device";
      case EROFS -> "Read-only file system";
      case ENAMETOOLONG -> "File name too long";
      case ENOLCK -> "No locks available";
      case ENOSYS -> "Function not implemented";
      case ELOOP -> "Too many levels of symbolic links";
      case ENODATA -> "No data available";
      case ETIME -> "Timer expired";
      case EBADMSG -> "Bad message";
      case EBADFD -> "File descriptor in bad state";
      case EILSEQ -> "Invalid or incomplete multibyte or wide character";
      case EOPNOTSUPP -> "Operation not supported";
      case ETIMEDOUT -> "Connection timed out";
      case EALREADY -> "Operation already in progress";
      case ESTALE -> "Stale file handle";
      case EUCLEAN -> "Structure needs cleaning";
      case EREMOTEIO -> "Remote I/O error";
      case EDQUOT -> "Disk quota exceeded";
      case ECANCELED -> "Operation canceled";
      default -> "";
    };
  }
}
