package io.ashlar.store.local;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.ashlar.uring.NativeMemory;
import io.ashlar.uring.UringSupport;
import java.io.File;
import java.io.IOException;
import java.io.InputStream;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.agrona.concurrent.Agent;
import org.jctools.queues.MessagePassingQueue;
import org.jctools.queues.varhandle.MpscVarHandleArrayQueue;
import org.jspecify.annotations.NullMarked;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * A user's program has on its class path what this module declares and nothing else, and asks the
 * JVM for native access and nothing else: it works, and no line of warning appears.
 */
class PlainProgramTest {

  private static final String GRANT = "--enable-native-access=ALL-UNNAMED";

  @TempDir Path folder;

  private static Path placeOf(Class<?> type) throws URISyntaxException {
    return Path.of(type.getProtectionDomain().getCodeSource().getLocation().toURI());
  }

  /** The main classes, the native module, Agrona, JCTools, jspecify, and the program itself. */
  private String classPath() throws IOException, URISyntaxException {
    Set<String> places = new LinkedHashSet<>();
    for (Class<?> type :
        List.of(
            LocalBlobStore.class,
            NativeMemory.class,
            Agent.class,
            MpscVarHandleArrayQueue.class,
            MessagePassingQueue.class, // what JCTools' newer half needs of its older half
            NullMarked.class)) {
      places.add(placeOf(type).toString());
    }
    assertThat(places).hasSize(6);
    String name = PlainProgram.class.getName().replace('.', '/') + ".class";
    Path target = folder.resolve("program").resolve(name);
    Files.createDirectories(target.getParent());
    try (InputStream program = Files.newInputStream(placeOf(PlainProgram.class).resolve(name))) {
      Files.copy(program, target);
    }
    places.add(folder.resolve("program").toString());
    return String.join(File.pathSeparator, places);
  }

  private ChildJvm run(List<String> options) throws Exception {
    return ChildJvm.start(
        classPath(), options, PlainProgram.class.getName(), folder.resolve("store").toString());
  }

  /** The JVM's own words about access that was not granted; none of ours. */
  private static boolean isOfTheJvm(String line) {
    return line.isEmpty() || (line.startsWith("WARNING: ") && !line.contains("ashlar.store"));
  }

  @Test
  void shouldPrintNothingWithNativeAccessGranted() throws Exception {
    assumeTrue(UringSupport.probe().available(), UringSupport.probe()::reason);
    try (ChildJvm child = run(List.of(GRANT))) {
      assertThat(child.exitCode()).as("%s", child).isZero();
      assertThat(child.errors()).isEmpty();
      assertThat(child.output()).containsExactly("dressed stone", "engine=io_uring");
    }
  }

  /** Agrona's buffers and queues need a JVM flag, so none of their classes may be loaded. */
  @Test
  void shouldLoadOfAgronaItsAgentsOnly() throws Exception {
    Path log = folder.resolve("classes.log");
    try (ChildJvm child = run(List.of(GRANT, "-Xlog:class+load:file=" + log))) {
      assertThat(child.exitCode()).as("%s", child).isZero();
      assertThat(child.errors()).isEmpty();
    }
    Pattern name = Pattern.compile("\\borg\\.agrona\\.[\\w.$]+");
    Set<String> loaded = new TreeSet<>();
    for (String line : Files.readAllLines(log)) {
      Matcher found = name.matcher(line);
      if (found.find()) {
        loaded.add(found.group());
      }
    }
    assertThat(loaded)
        .containsExactly(
            "org.agrona.ErrorHandler",
            "org.agrona.concurrent.Agent",
            "org.agrona.concurrent.AgentRunner",
            "org.agrona.concurrent.AgentTerminationException",
            "org.agrona.concurrent.IdleStrategy");
  }

  @Tag("campaign")
  @Test
  void shouldSayInOneLineWhyItDoesWithoutTheRing() throws Exception {
    try (ChildJvm child = run(List.of(GRANT, "-Dashlar.uring=off"))) {
      assertThat(child.exitCode()).as("%s", child).isZero();
      assertThat(child.output()).containsExactly("dressed stone", "engine=pread/pwrite");
      assertThat(child.errors()).filteredOn(line -> line.contains("ashlar.uring=off")).hasSize(1);
      assertThat(String.join("\n", child.errors())).doesNotContainIgnoringCase("warning");
    }
  }

  @Tag("campaign")
  @Test
  void shouldWorkWhereTheJvmOnlyWarnsOfAccessNotGranted() throws Exception {
    try (ChildJvm child = run(List.of())) {
      assertThat(child.exitCode()).as("%s", child).isZero();
      assertThat(child.output()).first().isEqualTo("dressed stone");
      assertThat(child.errors()).allMatch(PlainProgramTest::isOfTheJvm);
    }
  }

  @Tag("campaign")
  @Test
  void shouldNameTheFlagWhereAccessIsDenied() throws Exception {
    assumeTrue(Runtime.version().feature() >= 24, "this JVM has no --illegal-native-access");
    try (ChildJvm child = run(List.of("--illegal-native-access=deny"))) {
      assertThat(child.exitCode()).isNotZero();
      assertThat(child.output()).isEmpty();
      assertThat(String.join("\n", child.errors()))
          .contains("native access is denied")
          .contains(GRANT)
          .doesNotContain("ExceptionInInitializerError", "NoClassDefFoundError");
    }
  }
}
