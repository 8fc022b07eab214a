package io.ashlar.uring;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFileAttributes;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * The copy of liburing in this jar, and its extraction to where it can be loaded from.
 *
 * <p>It goes to a new directory, mode 0700, in the directory that the system property {@code
 * ashlar.native.dir} names (the temporary directory else), and is removed after loading. The
 * checked bytes are the loaded bytes: the file is compared with the digest after it was written, in
 * a directory that no other user can write to. A directory given by the property is refused if
 * another user owns it or could write to it.
 */
final class BundledLibrary {
  static final String DIRECTORY_PROPERTY = "ashlar.native.dir";

  private static final String PRIVATE_DIRECTORY = "rwx------";
  private static final String PRIVATE_FILE = "rw-------";
  private static final int LIBRARY_BYTES_MAX = 4 << 20;

  private final Resources resources;
  private final @Nullable Path directory;

  /** Where the library and its digest file come from. */
  @FunctionalInterface
  interface Resources {
    /** Returns the bytes of a resource, or null if there is no such resource. */
    @Nullable InputStream open(String name);
  }

  /** The resources of this jar. A class and not a lambda, since a first open makes one (0085). */
  private static final class JarResources implements Resources {
    @Override
    public @Nullable InputStream open(String name) {
      return BundledLibrary.class.getResourceAsStream(name);
    }
  }

  /** Takes a source of resources, and the directory to extract to or null for the temporary one. */
  BundledLibrary(Resources resources, @Nullable Path directory) {
    this.resources = resources;
    this.directory = directory;
  }

  static BundledLibrary ofThisJar() {
    String directory = System.getProperty(DIRECTORY_PROPERTY);
    return new BundledLibrary(new JarResources(), directory == null ? null : Path.of(directory));
  }

  /** The name of the library's resource for an architecture, as {@code os.arch} calls it. */
  static String resourceName(String arch) {
    return "/META-INF/native/linux-"
        + (arch.equals("amd64") ? "x86_64" : arch)
        + "/"
        + LibraryLoader.SONAME;
  }

  /** A library in a private directory, both of which {@link #close()} removes. */
  record Extracted(Path directory, Path file) implements AutoCloseable {
    @Override
    public void close() throws IOException {
      Files.deleteIfExists(file);
      Files.deleteIfExists(directory);
    }
  }

  /**
   * Writes the library to a new private directory.
   *
   * @throws IOException if there is none for this architecture, its digest is wrong, or the
   *     directory cannot be trusted.
   */
  Extracted extract() throws IOException {
    String name = resourceName(System.getProperty("os.arch"));
    byte[] library = read(name);
    String expected = new String(read(name + ".sha256"), StandardCharsets.US_ASCII).strip();
    checkDigest(expected, library);
    Path folder = privateDirectory();
    Extracted extracted = new Extracted(folder, folder.resolve(LibraryLoader.SONAME));
    try {
      Files.createFile(
          extracted.file(),
          PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString(PRIVATE_FILE)));
      Files.write(extracted.file(), library, StandardOpenOption.WRITE);
      checkDigest(expected, Files.readAllBytes(extracted.file()));
      return extracted;
    } catch (IOException e) {
      extracted.close();
      throw e;
    }
  }

  private byte[] read(String name) throws IOException {
    try (InputStream stream = resources.open(name)) {
      if (stream == null) {
        throw new IOException("this jar has no " + name);
      }
      return stream.readNBytes(LIBRARY_BYTES_MAX);
    }
  }

  private static void checkDigest(String expected, byte[] library) throws IOException {
    try {
      byte[] digest = MessageDigest.getInstance("SHA-256").digest(library);
      String actual = HexFormat.of().formatHex(digest);
      if (!actual.equals(expected)) {
        throw new IOException("digest mismatch: expected=" + expected + ", actual=" + actual);
      }
    } catch (NoSuchAlgorithmException e) {
      throw new IOException("no SHA-256 to check the digest with", e);
    }
  }

  private Path privateDirectory() throws IOException {
    var attributes =
        PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString(PRIVATE_DIRECTORY));
    Path parent = directory;
    if (parent == null) {
      return Files.createTempDirectory("ashlar-", attributes);
    }
    try {
      Files.createDirectory(parent, attributes);
    } catch (FileAlreadyExistsException exists) {
      // Judged below, like one that was made here.
    }
    Path created = Files.createTempDirectory(parent, "ashlar-", attributes);
    try {
      checkTrusted(parent, created);
      return created;
    } catch (IOException e) {
      Files.delete(created);
      throw e;
    }
  }

  /** Refuses a parent that is a link, another user's, or writable by others. */
  private static void checkTrusted(Path parent, Path created) throws IOException {
    PosixFileAttributes of =
        Files.readAttributes(parent, PosixFileAttributes.class, LinkOption.NOFOLLOW_LINKS);
    Set<PosixFilePermission> permissions = of.permissions();
    if (!of.isDirectory()
        || !of.owner().equals(Files.getOwner(created))
        || permissions.contains(PosixFilePermission.GROUP_WRITE)
        || permissions.contains(PosixFilePermission.OTHERS_WRITE)) {
      throw new IOException(
          DIRECTORY_PROPERTY
              + " must be a directory that this user owns and no other user can write to: "
              + parent
              + ", owner="
              + of.owner().getName()
              + ", permissions="
              + PosixFilePermissions.toString(permissions));
    }
  }
}
