package io.ashlar.store.local;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.lang.reflect.Constructor;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.net.URISyntaxException;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import javax.tools.JavaCompiler;
import javax.tools.ToolProvider;
import org.jspecify.annotations.Nullable;

/**
 * A bug planted into the store's own sources: pieces of one source file are replaced, the file is
 * compiled, and the crash suite runs over the result in a class loader of its own. Production code
 * so needs no switches for its tests.
 *
 * @param name what the bug is.
 * @param edits what is changed.
 */
record PlantedBug(String name, List<Edit> edits) {

  /**
   * One change of a source file.
   *
   * @param file the source file, below {@code io/ashlar/store}.
   * @param right the right code; must stand there exactly once.
   * @param wrong what is put in its place.
   */
  record Edit(String file, String right, String wrong) {}

  /** Describes a bug of one change. */
  static PlantedBug of(String name, String file, String right, String wrong) {
    return new PlantedBug(name, List.of(new Edit(file, right, wrong)));
  }

  /** Returns what {@link CrashSuite#run} says of the store with this bug. */
  String tryCrashes(Path folder, long seed, long statesMax) throws Exception {
    try (URLClassLoader loader = load(folder)) {
      Class<?> suite = Class.forName(CrashSuite.class.getName(), true, loader);
      return (String)
          suite
              .getMethod("run", long.class, long.class, boolean.class)
              .invoke(null, seed, statesMax, true);
    }
  }

  /** Fails unless a test has found a planted bug; prints by what. */
  static void assertFound(Object planted, @Nullable Throwable found) {
    assertThat(found).as("%s", planted).isNotNull();
    String what = String.valueOf(found.getMessage()).strip().replaceAll("\\s+", " ");
    System.out.println(
        "planted: " + planted + ": " + what.substring(0, Math.min(160, what.length())));
  }

  /**
   * Runs one test, given by its class and method, over the store with this bug.
   *
   * @return what the test threw, or null if it did not find the bug.
   */
  @Nullable Throwable tryTest(Path folder, Class<?> test, String method) throws Exception {
    return tryTest(folder, test.getName(), method);
  }

  /** Does the same with a test that only its own package sees. */
  @Nullable Throwable tryTest(Path folder, String test, String method) throws Exception {
    try (URLClassLoader loader = load(folder)) {
      Class<?> type = Class.forName(test, true, loader);
      Constructor<?> constructor = type.getDeclaredConstructor();
      constructor.setAccessible(true);
      Method found = type.getDeclaredMethod(method);
      found.setAccessible(true);
      found.invoke(constructor.newInstance());
      return null;
    } catch (InvocationTargetException e) {
      return e.getCause();
    }
  }

  private URLClassLoader load(Path folder) throws Exception {
    Path sources = Files.createDirectories(folder.resolve("sources"));
    Path classes = Files.createDirectories(folder.resolve("classes"));
    compile(sources, classes);
    List<URL> path = new ArrayList<>();
    path.add(classes.toUri().toURL());
    path.add(location(LocalBlobStore.class));
    path.add(location(CrashSuite.class));
    StoreFirstLoader loader =
        new StoreFirstLoader(path.toArray(new URL[0]), PlantedBug.class.getClassLoader());
    loader.setDefaultAssertionStatus(true);
    return loader;
  }

  private void compile(Path sources, Path classes) throws IOException, URISyntaxException {
    Path root = Path.of(System.getProperty("ashlar.basedir"), "src/main/java/io/ashlar/store");
    for (Edit edit : edits) {
      Path copy = sources.resolve(edit.file());
      String source = Files.readString(Files.exists(copy) ? copy : root.resolve(edit.file()));
      int at = source.indexOf(edit.right());
      if (at < 0 || source.indexOf(edit.right(), at + 1) >= 0) {
        throw new IllegalStateException(
            "the code to plant a bug in must stand once in " + edit.file() + ": " + edit.right());
      }
      Files.createDirectories(copy.getParent());
      Files.writeString(copy, source.replace(edit.right(), edit.wrong()));
    }
    List<String> arguments = new ArrayList<>(List.of("-proc:none", "-nowarn", "-d"));
    arguments.add(classes.toString());
    arguments.add("-cp");
    arguments.add(compileClassPath());
    for (Edit edit : edits) {
      String file = sources.resolve(edit.file()).toString();
      if (!arguments.contains(file)) {
        arguments.add(file);
      }
    }
    JavaCompiler compiler = ToolProvider.getSystemJavaCompiler();
    int result = compiler.run(null, null, null, arguments.toArray(new String[0]));
    if (result != 0) {
      throw new IllegalStateException("the planted bug does not compile: " + name);
    }
  }

  private static String compileClassPath() throws URISyntaxException {
    List<String> parts = new ArrayList<>();
    for (Class<?> one :
        List.of(
            LocalBlobStore.class,
            io.ashlar.uring.NativeMemory.class,
            org.jctools.queues.MessagePassingQueue.class,
            org.jctools.queues.varhandle.MpscVarHandleArrayQueue.class,
            org.jspecify.annotations.NullMarked.class)) {
      parts.add(
          Path.of(one.getProtectionDomain().getCodeSource().getLocation().toURI()).toString());
    }
    return String.join(java.io.File.pathSeparator, parts);
  }

  private static URL location(Class<?> type) {
    return type.getProtectionDomain().getCodeSource().getLocation();
  }

  /** Loads the store's classes itself and everything else through its parent. */
  private static final class StoreFirstLoader extends URLClassLoader {

    StoreFirstLoader(URL[] path, ClassLoader parent) {
      super(path, parent);
    }

    @Override
    protected Class<?> loadClass(String name, boolean resolve) throws ClassNotFoundException {
      synchronized (getClassLoadingLock(name)) {
        Class<?> loaded = findLoadedClass(name);
        if (loaded == null && name.startsWith("io.ashlar.store.")) {
          loaded = findClass(name);
        }
        return loaded != null ? loaded : super.loadClass(name, resolve);
      }
    }
  }
}
