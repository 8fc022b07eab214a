package io.ashlar.tier.cli;

import io.ashlar.store.StoreException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.DirectoryNotEmptyException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileSystemException;
import java.nio.file.NoSuchFileException;
import java.nio.file.NotDirectoryException;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ExecutionException;
import org.jspecify.annotations.Nullable;

/** Turns what was thrown into one line for the user: the thing, the value and the remedy. */
final class ErrorText {

  private ErrorText() {}

  /** Returns one line, without {@code error: }. */
  static String of(Throwable thrown) {
    Throwable error = unwrap(thrown);
    String text =
        switch (error) {
          case FileSystemException e -> ofFile(e);
          case OutOfMemoryError e ->
              "out of memory: " + e.getMessage() + "; give more with ASHLAR_JAVA_OPTS=-Xmx1g, say";
          case StoreException e -> orName(e);
          case IOException e -> orName(e);
          case IllegalArgumentException e -> orName(e);
          case RuntimeException e when isOfAshlar(e) -> orName(e);
          default ->
              "unexpected: "
                  + error.getClass().getSimpleName()
                  + ": "
                  + error.getMessage()
                  + "; run it again with --debug for details";
        };
    return oneLine(text);
  }

  /** Returns what went wrong, without the wrappers of futures and lambdas. */
  static Throwable unwrap(Throwable thrown) {
    Throwable error = thrown;
    while (error instanceof UncheckedIOException
        || error instanceof CompletionException
        || error instanceof ExecutionException) {
      Throwable cause = error.getCause();
      if (cause == null) {
        return error;
      }
      error = cause;
    }
    return error;
  }

  private static String ofFile(FileSystemException e) {
    String what =
        switch (e) {
          case NoSuchFileException missing -> "no such file or folder";
          case AccessDeniedException denied -> "permission denied";
          case NotDirectoryException file -> "not a folder";
          case FileAlreadyExistsException there -> "already exists";
          case DirectoryNotEmptyException full -> "folder is not empty";
          default -> reason(e.getReason());
        };
    return what + ": path=" + e.getFile() + remedy(what);
  }

  private static String reason(@Nullable String reason) {
    return reason == null
        ? "cannot be used"
        : Character.toLowerCase(reason.charAt(0)) + reason.substring(1);
  }

  private static String remedy(String what) {
    return switch (what) {
      case "no such file or folder" -> "; check the spelling, or create it";
      case "permission denied" -> "; change its permissions or use another place";
      case "not a folder" -> "; give a folder";
      case "no space left on device" -> "; free some space or use another place";
      case "read-only file system" -> "; use another place";
      default -> "";
    };
  }

  private static boolean isOfAshlar(RuntimeException e) {
    return e.getMessage() != null && e.getClass().getName().startsWith("io.ashlar.");
  }

  private static String orName(Exception e) {
    String message = e.getMessage();
    return message == null || message.isBlank() ? e.getClass().getSimpleName() : message;
  }

  private static String oneLine(String text) {
    return BlobName.printable(text.strip().replaceAll("\\s*\\R\\s*", " ")).replace("\\\\", "\\");
  }
}
