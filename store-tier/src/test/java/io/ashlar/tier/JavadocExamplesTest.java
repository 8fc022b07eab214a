package io.ashlar.tier;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import javax.tools.DiagnosticCollector;
import javax.tools.JavaCompiler;
import javax.tools.JavaFileObject;
import javax.tools.SimpleJavaFileObject;
import javax.tools.ToolProvider;
import org.junit.jupiter.api.Test;

/** Compiles the examples in the Javadoc of the packages that users import. */
class JavadocExamplesTest {
  private static final Path CORE = Path.of("../store-core/src/main/java/io/ashlar/store");
  private static final Path TIER = Path.of("src/main/java/io/ashlar/tier");
  private static final List<Path> PACKAGES =
      List.of(
          CORE,
          CORE.resolve("local"),
          TIER,
          TIER.resolve("follow"),
          TIER.resolve("key"),
          TIER.resolve("object"),
          TIER.resolve("restore"));

  /** The types that users begin with, or are given to begin with. */
  private static final Set<String> WITH_EXAMPLE =
      Set.of(
          "LocalBlobStore",
          "ReadOnlyStore",
          "StoreBackup",
          "StoreConfig",
          "BlobReads",
          "Snapshot",
          "Tier",
          "ObjectStores",
          "FollowerStore",
          "Restore",
          "KeyFile",
          "TierConfig");

  private static final Pattern EXAMPLE =
      Pattern.compile("<pre>\\{@code\\n(.*?) \\* }</pre>", Pattern.DOTALL);

  /** What an example may use without saying where it is from. */
  @SuppressWarnings("InlineFormatString") // it reads as a file
  private static final String FRAME =
      """
      import io.ashlar.store.*;
      import io.ashlar.store.local.*;
      import io.ashlar.tier.*;
      import io.ashlar.tier.follow.*;
      import io.ashlar.tier.key.*;
      import io.ashlar.tier.object.*;
      import io.ashlar.tier.restore.*;
      import java.lang.foreign.MemorySegment;
      import java.nio.file.Path;
      import java.util.Set;
      import org.agrona.concurrent.*;

      class %s {
        static Path folder;
        static BlobStore store;
        static ObjectStore objects;
        static BlobId id;
        static Set<BlobId> old;
        static MemorySegment value;
        static MemorySegment target;

        %s
      }
      """;

  private static List<JavaFileObject> examples(Set<String> types) throws IOException {
    List<JavaFileObject> examples = new ArrayList<>();
    for (Path folder : PACKAGES) {
      try (Stream<Path> files = Files.list(folder)) {
        for (Path file : files.filter(one -> one.toString().endsWith(".java")).toList()) {
          Matcher matcher = EXAMPLE.matcher(Files.readString(file));
          while (matcher.find()) {
            String type = file.getFileName().toString().replace(".java", "");
            String code = matcher.group(1).replaceAll("(?m)^ *\\* ?", "");
            examples.add(source("ExampleOf" + type + examples.size(), code));
            types.add(type);
          }
        }
      }
    }
    return examples;
  }

  private static JavaFileObject source(String name, String code) {
    String member =
        code.startsWith("static ") ? code : "static void run() throws Exception {\n" + code + "}";
    String whole = FRAME.formatted(name, member);
    return new SimpleJavaFileObject(
        URI.create("string:///" + name + ".java"), JavaFileObject.Kind.SOURCE) {
      @Override
      public CharSequence getCharContent(boolean ignoreEncodingErrors) {
        return whole;
      }
    };
  }

  @Test
  void shouldCompile() throws IOException {
    Set<String> types = new HashSet<>();
    List<JavaFileObject> examples = examples(types);
    DiagnosticCollector<JavaFileObject> found = new DiagnosticCollector<>();
    JavaCompiler compiler = ToolProvider.getSystemJavaCompiler();
    List<String> options =
        List.of("-proc:none", "-d", "target", "-implicit:none", "-XDshould-stop.ifNoError=FLOW");
    compiler.getTask(null, null, found, options, null, examples).call();
    assertThat(found.getDiagnostics()).isEmpty();
    assertThat(types).containsAll(WITH_EXAMPLE);
  }
}
