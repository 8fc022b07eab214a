package io.ashlar.cli.console;

import io.ashlar.cli.file.BlobName;
import io.ashlar.store.StoreException;
import io.ashlar.tier.object.ObjectStoreException;
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
public final class ErrorText {

  private ErrorText() {}

  /** Returns one line, without {@code error: }. */
  public static String of(Throwable thrown) {
    Throwable error = unwrap(thrown);
    String text =
        switch (error) {
          case FileSystemException e -> ofFile(e);
          case OutOfMemoryError e ->
              "out of memory: " + e.getMessage() + "; give more with ASHLAR_JAVA_OPTS=-Xmx1g, say";
          case StoreException e -> orName(e);
          case IOException e -> orName(e);
          case ObjectStoreException e -> ofObjectStore(e);
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
  public static Throwable unwrap(Throwable thrown) {
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
    String what = what(e);
    return what + ": path=" + e.getFile() + remedy(what);
  }

  /** Returns what went wrong in a few words, for a message that has its own path and remedy. */
  public static String what(Exception error) {
    return switch (error) {
      case FileSystemException e -> what(e);
      default -> oneLine(orName(error));
    };
  }

  private static String what(FileSystemException e) {
    return switch (e) {
      case NoSuchFileException missing -> "no such file or folder";
      case AccessDeniedException denied -> "permission denied";
      case NotDirectoryException file -> "not a folder";
      case FileAlreadyExistsException there -> "already exists";
      case DirectoryNotEmptyException full -> "folder is not empty";
      default -> reason(e.getReason());
    };
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

  /** The SDK answers missing credentials with a page of places where it looked. */
  private static String ofObjectStore(ObjectStoreException e) {
    String message = orName(e);
    int credentials = message.indexOf("Unable to load credentials");
    if (credentials >= 0) {
      return message.substring(0, credentials)
          + "no credentials; set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or a profile";
    }
    int region = message.indexOf("Unable to load region");
    if (region >= 0) {
      return message.substring(0, region) + "no region; add region=… to the URL, or set AWS_REGION";
    }
    return message + "; check the URL, the service and your permissions";
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
