package io.ashlar.uring;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class LibraryLoaderTest {
  private static final byte[] LIBRARY = "not really a library".getBytes(StandardCharsets.UTF_8);

  @TempDir Path folder;

  private final List<String> tried = new ArrayList<>();
  private Path extractedTo = Path.of("never/loaded");
  private String directoryPermissions = "";
  private String filePermissions = "";

  @Test
  void shouldTryThePropertyFirst() throws Exception {
    LibraryLoader.Outcome outcome = loader("/own/liburing.so").search("/own/liburing.so", good());
    assertThat(outcome.origin()).isEqualTo("ashlar.liburing.path=/own/liburing.so");
    assertThat(tried).containsExactly("/own/liburing.so");
  }

  @Test
  void shouldTrySystemAfterPropertyAndRememberTheFailure() throws Exception {
    LibraryLoader.Outcome outcome = loader("liburing.so.2").search("/own/liburing.so", good());
    assertThat(outcome.origin()).isEqualTo("system liburing.so.2");
    assertThat(tried).containsExactly("/own/liburing.so", "liburing.so.2");
    assertThat(outcome.failures())
        .containsExactly("ashlar.liburing.path=/own/liburing.so: refused by the test");
  }

  @Test
  void shouldExtractTheBundledCopyPrivatelyAndRemoveItAfterLoading() throws Exception {
    LibraryLoader.Outcome outcome = loader("bundled").search(null, good());
    assertThat(outcome.origin()).isEqualTo("bundled copy");
    assertThat(directoryPermissions).isEqualTo("rwx------");
    assertThat(filePermissions).isEqualTo("rw-------");
    assertThat(extractedTo).doesNotExist();
    assertThat(extractedTo.getParent()).doesNotExist();
    assertThat(folder).isEmptyDirectory();
  }

  @Test
  void shouldSayForEachPlaceWhyThereIsNoLibrary() throws Exception {
    LibraryLoader.Outcome outcome =
        loader("nothing").search("/own/liburing.so", new BundledLibrary(name -> null, folder));
    assertThat(outcome.loaded()).isFalse();
    assertThat(outcome.reason())
        .contains("ashlar.liburing.path=/own/liburing.so: refused by the test")
        .contains("system liburing.so.2: refused by the test")
        .contains("bundled copy: this jar has no /META-INF/native/linux-");
  }

  @Test
  void shouldRefuseABundledCopyWhoseDigestDiffers() {
    LibraryLoader.Outcome outcome = loader("bundled").search(null, bundled("00".repeat(32)));
    assertThat(outcome.loaded()).isFalse();
    assertThat(outcome.reason()).contains("digest mismatch: expected=0000");
    assertThat(tried).containsExactly("liburing.so.2");
    assertThat(folder).isEmptyDirectory();
  }

  @Test
  void shouldRefuseADirectoryThatOthersCanWriteTo() throws Exception {
    Files.setPosixFilePermissions(folder, PosixFilePermissions.fromString("rwxrwxrwx"));
    LibraryLoader.Outcome outcome = loader("bundled").search(null, good());
    assertThat(outcome.reason())
        .contains("ashlar.native.dir must be a directory that this user owns");
    assertThat(tried).containsExactly("liburing.so.2");
    assertThat(folder).isEmptyDirectory();
  }

  @Test
  void shouldRefuseADirectoryThatIsALink() throws Exception {
    Path target = Files.createDirectory(folder.resolve("target"));
    Path link = Files.createSymbolicLink(folder.resolve("link"), target);
    BundledLibrary library = new BundledLibrary(resources(digest()), link);
    assertThat(loader("bundled").search(null, library).loaded()).isFalse();
    assertThat(target).isEmptyDirectory();
  }

  @Test
  void shouldCreateTheDirectoryOfThePropertyPrivately() throws Exception {
    Path absent = folder.resolve("absent");
    BundledLibrary library = new BundledLibrary(resources(digest()), absent);
    assertThat(loader("bundled").search(null, library).loaded()).isTrue();
    assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(absent)))
        .isEqualTo("rwx------");
  }

  @Test
  void shouldNameTheResourceAfterTheArchitecture() {
    assertThat(BundledLibrary.resourceName("amd64"))
        .isEqualTo("/META-INF/native/linux-x86_64/liburing.so.2");
    assertThat(BundledLibrary.resourceName("aarch64"))
        .isEqualTo("/META-INF/native/linux-aarch64/liburing.so.2");
  }

  /** A loader that loads only what ends in {@code accepted}, or the extracted copy. */
  private LibraryLoader loader(String accepted) {
    return new LibraryLoader(name -> {
      tried.add(name);
      boolean extracted = name.startsWith(folder.toString());
      if (extracted) {
        remember(Path.of(name));
      }
      return name.equals(accepted) || (extracted && accepted.equals("bundled"))
          ? null
          : "refused by the test";
    });
  }

  private void remember(Path file) {
    try {
      extractedTo = file;
      assertThat(Files.readAllBytes(file)).isEqualTo(LIBRARY);
      filePermissions = PosixFilePermissions.toString(Files.getPosixFilePermissions(file));
      directoryPermissions =
          PosixFilePermissions.toString(Files.getPosixFilePermissions(file.getParent()));
    } catch (IOException e) {
      throw new AssertionError(e);
    }
  }

  private BundledLibrary good() throws Exception {
    return bundled(digest());
  }

  private BundledLibrary bundled(String digest) {
    return new BundledLibrary(resources(digest), folder);
  }

  private static BundledLibrary.Resources resources(String digest) {
    return name ->
        new ByteArrayInputStream(
            name.endsWith(".sha256")
                ? (digest + "\n").getBytes(StandardCharsets.US_ASCII)
                : LIBRARY);
  }

  private static String digest() throws Exception {
    return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(LIBRARY));
  }
}
