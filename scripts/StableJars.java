import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.Enumeration;
import java.util.List;
import java.util.zip.ZipEntry;
import java.util.zip.ZipFile;
import java.util.zip.ZipOutputStream;

/**
 * Takes out of the jars of a release what depends on the JDK that runs Maven. A release build calls
 * it with the folder of the jars: {@code java scripts/StableJars.java target}.
 *
 * <ol>
 *   <li>The manifest's {@code Build-Jdk-Spec} and {@code Build-Tool-Jdk-Spec}, which the jar plugin
 *       adds wherever a toolchain compiles.
 *   <li>The module descriptor as the JDK's {@code jar} rewrote it: JDK 17's orders its constants
 *       otherwise than JDK 25's. javac's own takes its place; it has all but the list of packages,
 *       which a reader of a jar takes from the jar.
 * </ol>
 *
 * <p>Order, times and contents of everything else stay. Running it again changes nothing.
 */
public final class StableJars {

  private static final String MANIFEST = "META-INF/MANIFEST.MF";
  private static final String DESCRIPTOR = "module-info.class";

  private StableJars() {}

  /** Rewrites each jar of the folder given, {@code classes} of which is what was compiled. */
  public static void main(String[] arguments) throws IOException {
    if (arguments.length != 1) {
      System.err.println("usage: java scripts/StableJars.java FOLDER");
      System.exit(2);
    }
    Path folder = Path.of(arguments[0]);
    if (!Files.isDirectory(folder)) {
      return; // a project without jars
    }
    List<Path> jars = new ArrayList<>();
    try (DirectoryStream<Path> found = Files.newDirectoryStream(folder, "ashlar-*.jar")) {
      found.forEach(jars::add);
    }
    for (Path jar : jars) {
      Path stable = jar.resolveSibling(jar.getFileName() + ".stable");
      rewrite(jar, folder.resolve("classes"), stable);
      Files.move(stable, jar, StandardCopyOption.REPLACE_EXISTING);
    }
  }

  private static void rewrite(Path jar, Path classes, Path stable) throws IOException {
    try (ZipFile from = new ZipFile(jar.toFile());
        ZipOutputStream to = new ZipOutputStream(Files.newOutputStream(stable))) {
      Enumeration<? extends ZipEntry> entries = from.entries();
      while (entries.hasMoreElements()) {
        ZipEntry entry = entries.nextElement();
        ZipEntry copy = new ZipEntry(entry.getName());
        copy.setTimeLocal(entry.getTimeLocal());
        to.putNextEntry(copy);
        try (InputStream in = from.getInputStream(entry)) {
          to.write(content(entry.getName(), in.readAllBytes(), classes));
        }
        to.closeEntry();
      }
    }
  }

  private static byte[] content(String name, byte[] bytes, Path classes) throws IOException {
    if (name.equals(MANIFEST)) {
      return withoutJdk(bytes);
    }
    return name.endsWith(DESCRIPTOR) ? Files.readAllBytes(classes.resolve(name)) : bytes;
  }

  private static byte[] withoutJdk(byte[] manifest) {
    ByteArrayOutputStream kept = new ByteArrayOutputStream();
    for (String line : new String(manifest, StandardCharsets.UTF_8).split("(?<=\n)")) {
      if (!line.startsWith("Build-Jdk-Spec:") && !line.startsWith("Build-Tool-Jdk-Spec:")) {
        kept.writeBytes(line.getBytes(StandardCharsets.UTF_8));
      }
    }
    return kept.toByteArray();
  }
}
