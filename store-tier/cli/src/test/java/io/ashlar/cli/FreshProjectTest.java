package io.ashlar.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.ashlar.store.local.LocalBlobStore;
import io.ashlar.tier.Tier;
import io.ashlar.tier.object.s3.S3TestServer;
import io.ashlar.uring.NativeMemory;
import java.io.BufferedReader;
import java.io.File;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.lang.module.ModuleDescriptor;
import java.lang.module.ModuleFinder;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.spi.ToolProvider;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.agrona.concurrent.Agent;
import org.jctools.queues.MessagePassingQueue;
import org.jctools.queues.varhandle.MpscVarHandleArrayQueue;
import org.jspecify.annotations.NullMarked;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import software.amazon.awssdk.auth.credentials.AwsCredentials;

/**
 * A fresh project compiles the README's example, and a tier on S3, and runs both: on the module
 * path, on the class path, and from the module path beside a small image of the JDK. It needs the
 * libraries that the artifacts declare, and the JVM flag that the README names. Neither javac nor
 * the JVM prints a warning.
 *
 * <p>Only jars have module descriptors, so this is skipped where only classes were compiled.
 */
class FreshProjectTest {

  private static final Path BASE = Path.of(System.getProperty("ashlar.basedir"));

  static final String STORE_FLAG = "--enable-native-access=io.ashlar.uring";
  static final String TIER_FLAG = "--enable-native-access=io.ashlar.uring,org.lz4.java";
  static final String CLASS_PATH_FLAG = "--enable-native-access=ALL-UNNAMED";

  /** The JDK's modules that the product and its libraries need. */
  private static final String JDK_MODULES = "java.base,java.security.jgss,java.xml,jdk.jfr,jdk.net";

  private static final String STORE_MAIN =
      """
      package app;

      import java.nio.file.Path;

      /** Runs the example. */
      public final class Main {

        private Main() {}

        /** Opens a store in the folder given. */
        public static void main(String[] arguments) {
          System.out.println(ReadmeExample.run(Path.of(arguments[0], "store")));
        }
      }
      """;

  private static final String TIER_MAIN =
      """
      package app;

      import io.ashlar.store.BlobId;
      import io.ashlar.store.BlobStore;
      import io.ashlar.store.Epoch;
      import io.ashlar.store.local.LocalBlobStore;
      import io.ashlar.tier.ObjectStores;
      import io.ashlar.tier.Tier;
      import io.ashlar.tier.TierProgress;
      import io.ashlar.tier.object.ObjectStore;
      import java.lang.foreign.MemorySegment;
      import java.nio.file.Path;

      /** Tiers a store and reads an evicted blob back. */
      public final class Main {

        private Main() {}

        /** Opens a store in the folder given and a tier at the URL given. */
        public static void main(String[] arguments) {
          BlobId id = new BlobId(1, 2);
          Path folder = Path.of(arguments[0]);
          try (BlobStore store = LocalBlobStore.builder(folder.resolve("store")).open();
              ObjectStore objects = ObjectStores.open(arguments[1]);
              Tier tier = Tier.builder(store, objects).open()) {
            long epoch;
            try (Epoch changes = store.beginEpoch()) {
              changes.put(id, MemorySegment.ofArray(new byte[100_000]));
              epoch = changes.commit();
            }
            tier.checkpoint(TierProgress.NONE);
            tier.awaitTiered(epoch);
            System.out.println("evicted=" + tier.evict(any -> true));
            MemorySegment value = MemorySegment.ofArray(new byte[100_000]);
            System.out.println("read=" + store.get(id, value));
          }
        }
      }
      """;

  @TempDir Path folder;

  @BeforeEach
  void askForJars() {
    assumeTrue(
        Files.isRegularFile(Path.of(placeOf(Tier.class))),
        "the tier is no jar yet, so it has no module descriptor; the whole scripts/test makes it");
  }

  /** What the core depends on, and nothing else. */
  private static String storeLibraries() {
    return Stream.of(
            LocalBlobStore.class,
            NativeMemory.class,
            Agent.class,
            MpscVarHandleArrayQueue.class,
            MessagePassingQueue.class, // of the jar that JCTools' newer one depends on
            NullMarked.class)
        .map(FreshProjectTest::placeOf)
        .collect(Collectors.joining(File.pathSeparator));
  }

  /** What the tier depends on, and nothing else. */
  private static String tierLibraries() throws IOException {
    String declared = Files.readString(BASE.resolve("../target/libraries")).strip();
    return placeOf(Tier.class) + File.pathSeparator + declared;
  }

  private static String placeOf(Class<?> type) {
    try {
      return Path.of(type.getProtectionDomain().getCodeSource().getLocation().toURI()).toString();
    } catch (URISyntaxException e) {
      throw new IllegalStateException(e);
    }
  }

  private String source(String name, String text) throws IOException {
    return Files.writeString(folder.resolve(name + ".java"), text).toString();
  }

  private List<String> storeSources() throws IOException {
    Path example =
        BASE.resolve("../../store-core/src/test/java/io/ashlar/store/example/ReadmeExample.java");
    String text = Files.readString(example);
    assertThat(text).contains("package io.ashlar.store.example;");
    return List.of(
        source("ReadmeExample", text.replace("package io.ashlar.store.example;", "package app;")),
        source("Main", STORE_MAIN));
  }

  private List<String> tierSources() throws IOException {
    return List.of(source("Main", TIER_MAIN));
  }

  private void compileModule(String libraries, List<String> sources, String required)
      throws IOException {
    String text = "/** A fresh project. */ module app { requires " + required + "; }";
    List<String> all = new ArrayList<>(sources);
    all.add(source("module-info", text));
    compile("--module-path", libraries, all);
  }

  private void compile(String pathOption, String libraries, List<String> sources) {
    List<String> arguments = new ArrayList<>(List.of("--release", "22", "-Xlint:all", "-Werror"));
    arguments.addAll(List.of(pathOption, libraries, "-d", classes()));
    arguments.addAll(sources);
    StringWriter said = new StringWriter();
    PrintWriter out = new PrintWriter(said);
    int exit =
        ToolProvider.findFirst("javac")
            .orElseThrow()
            .run(out, out, arguments.toArray(String[]::new));
    assertThat(said.toString()).isEmpty();
    assertThat(exit).isZero();
  }

  private String classes() {
    return folder.resolve("classes").toString();
  }

  private String withClasses(String libraries) {
    return libraries + File.pathSeparator + classes();
  }

  private List<String> runStore(String... options) throws Exception {
    return run(jdk(), List.of(options), List.of(folder.toString()));
  }

  private List<String> runTier(Path jdk, String... options) throws Exception {
    try (S3TestServer server = S3TestServer.start()) {
      AwsCredentials credentials = server.credentials().resolveCredentials();
      List<String> all =
          new ArrayList<>(
              List.of(
                  "-Daws.accessKeyId=" + credentials.accessKeyId(),
                  "-Daws.secretAccessKey=" + credentials.secretAccessKey(),
                  "-Daws.region=us-east-1"));
      all.addAll(List.of(options));
      return run(jdk, all, List.of(folder.toString(), server.url("fresh")));
    }
  }

  private static List<String> run(Path jdk, List<String> options, List<String> arguments)
      throws IOException, InterruptedException {
    List<String> command = new ArrayList<>(List.of(jdk.resolve("bin/java").toString()));
    command.addAll(options);
    command.addAll(arguments);
    ProcessBuilder builder = new ProcessBuilder(command).redirectErrorStream(true);
    builder
        .environment()
        .keySet()
        .removeAll(List.of("JAVA_TOOL_OPTIONS", "JDK_JAVA_OPTIONS", "_JAVA_OPTIONS"));
    Process process = builder.start();
    try (BufferedReader lines = process.inputReader()) {
      List<String> said = lines.lines().toList();
      assertThat(process.waitFor()).as("%s", said).isZero();
      return said;
    }
  }

  private static Path jdk() {
    return Path.of(System.getProperty("java.home"));
  }

  @Test
  void shouldRunAStoreFromTheModulePath() throws Exception {
    compileModule(storeLibraries(), storeSources(), "io.ashlar.store");
    assertThat(runStore(STORE_FLAG, "-p", withClasses(storeLibraries()), "-m", "app/app.Main"))
        .containsExactly("hello");
  }

  @Test
  void shouldRunAStoreFromTheClassPath() throws Exception {
    compile("--class-path", storeLibraries(), storeSources());
    assertThat(runStore(CLASS_PATH_FLAG, "-cp", withClasses(storeLibraries()), "app.Main"))
        .containsExactly("hello");
  }

  @Test
  void shouldRunATierFromTheModulePath() throws Exception {
    compileModule(tierLibraries(), tierSources(), "io.ashlar.tier");
    assertThat(runTier(jdk(), TIER_FLAG, "-p", withClasses(tierLibraries()), "-m", "app/app.Main"))
        .containsExactly("evicted=1", "read=100000");
  }

  @Test
  void shouldRunATierFromTheClassPath() throws Exception {
    compile("--class-path", tierLibraries(), tierSources());
    assertThat(runTier(jdk(), CLASS_PATH_FLAG, "-cp", withClasses(tierLibraries()), "app.Main"))
        .containsExactly("evicted=1", "read=100000");
  }

  @Test
  @Tag("campaign")
  void shouldRunATierBesideASmallImageOfTheJdk() throws Exception {
    compileModule(tierLibraries(), tierSources(), "io.ashlar.tier");
    Path image = folder.resolve("image");
    StringWriter said = new StringWriter();
    PrintWriter out = new PrintWriter(said);
    int exit =
        ToolProvider.findFirst("jlink")
            .orElseThrow()
            .run(out, out, "--add-modules", JDK_MODULES, "--output", image.toString());
    assertThat(exit).as("%s", said).isZero();
    assertThat(runTier(image, TIER_FLAG, "-p", withClasses(tierLibraries()), "-m", "app/app.Main"))
        .containsExactly("evicted=1", "read=100000");
  }

  private static Stream<String> exported(Class<?> type, String module) {
    ModuleDescriptor descriptor =
        ModuleFinder.of(Path.of(placeOf(type))).find(module).orElseThrow().descriptor();
    return descriptor.exports().stream()
        .filter(exports -> !exports.isQualified())
        .map(ModuleDescriptor.Exports::source);
  }

  /** Returns the packages of a list of the public API. */
  private static Set<String> packages(String list) throws IOException {
    try (Stream<String> lines = Files.lines(BASE.resolve(list))) {
      return lines
          .map(line -> line.replaceFirst("\\.[A-Z].*", ""))
          .collect(Collectors.toCollection(TreeSet::new));
    }
  }

  @Test
  void shouldExportTheApiOnly() throws IOException {
    assertThat(exported(LocalBlobStore.class, "io.ashlar.store"))
        .containsExactlyInAnyOrderElementsOf(packages("../../store-core/api.txt"));
    assertThat(exported(Tier.class, "io.ashlar.tier"))
        .containsExactlyInAnyOrderElementsOf(packages("../../store-tier/api.txt"));
  }
}
