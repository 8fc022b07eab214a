package io.ashlar.uring;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.SymbolLookup;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Finds liburing, once per JVM if it is there: the system property {@code ashlar.liburing.path},
 * then {@code liburing.so.2} of the system, then the copy in this jar.
 *
 * <p>A library that was loaded from a path is found again by its soname, {@code liburing.so.2}. The
 * generated bindings look it up by that name. Touching them before this class has found a library
 * would break them permanently. Thread: any.
 */
public final class LibraryLoader {
  static final String SONAME = "liburing.so.2";
  static final String PATH_PROPERTY = "ashlar.liburing.path";

  private static @Nullable Outcome outcome; // once it was found

  private final Lookup lookup;

  /** Loads a library by path or soname, or says why not. */
  @FunctionalInterface
  interface Lookup {
    /** Returns null on success, else the reason. */
    @Nullable String load(String nameOrPath);
  }

  LibraryLoader(Lookup lookup) {
    this.lookup = lookup;
  }

  /**
   * The outcome of the search.
   *
   * @param origin where the library came from, or null if there is none.
   * @param failures each place tried before, with its reason.
   */
  public record Outcome(@Nullable String origin, List<String> failures) {
    /** Returns whether the bindings may be touched. */
    public boolean loaded() {
      return origin != null;
    }

    /** Returns each place that was tried without success, with the reason. */
    public String reason() {
      return String.join("; ", failures);
    }
  }

  /**
   * Loads the library, or returns where it came from if that was done before. Each call searches
   * again until the library is found, because a lack of descriptors or of disk space may pass.
   *
   * @throws IllegalCallerException naming the JVM flag when native access is denied.
   */
  public static synchronized Outcome load() {
    NativeAccess.require();
    Outcome known = outcome;
    if (known == null) {
      known =
          new LibraryLoader(LibraryLoader::systemLoad)
              .search(System.getProperty(PATH_PROPERTY), BundledLibrary.ofThisJar());
      outcome = known.loaded() ? known : null;
    }
    return known;
  }

  Outcome search(@Nullable String path, BundledLibrary bundled) {
    List<String> failures = new ArrayList<>();
    if (path != null && loads(path, PATH_PROPERTY + "=" + path, failures)) {
      return new Outcome(PATH_PROPERTY + "=" + path, failures);
    }
    if (loads(SONAME, "system " + SONAME, failures)) {
      return new Outcome("system " + SONAME, failures);
    }
    try (BundledLibrary.Extracted extracted = bundled.extract()) {
      if (loads(extracted.file().toString(), "bundled copy", failures)) {
        return new Outcome("bundled copy", failures);
      }
    } catch (IOException e) {
      failures.add("bundled copy: " + e.getMessage());
    }
    return new Outcome(null, failures);
  }

  private boolean loads(String nameOrPath, String place, List<String> failures) {
    String reason = lookup.load(nameOrPath);
    if (reason != null) {
      failures.add(place + ": " + reason);
    }
    return reason == null;
  }

  private static @Nullable String systemLoad(String nameOrPath) {
    boolean isPath = nameOrPath.indexOf('/') >= 0;
    try {
      if (isPath) {
        SymbolLookup _ = SymbolLookup.libraryLookup(Path.of(nameOrPath), Arena.global());
      }
    } catch (IllegalArgumentException withoutReason) {
      String reason = reasonOf(nameOrPath);
      if (reason != null) {
        return reason;
      }
    }
    try {
      SymbolLookup _ = SymbolLookup.libraryLookup(SONAME, Arena.global());
      return null;
    } catch (IllegalArgumentException missing) {
      return isPath ? "its soname is not " + SONAME : "not found by the dynamic linker";
    }
  }

  /** Loads again in the way that does give the dynamic linker's reason; null if that worked. */
  private static @Nullable String reasonOf(String path) {
    try {
      System.load(Path.of(path).toAbsolutePath().toString());
      return null;
    } catch (UnsatisfiedLinkError e) {
      return String.valueOf(e.getMessage());
    }
  }
}
