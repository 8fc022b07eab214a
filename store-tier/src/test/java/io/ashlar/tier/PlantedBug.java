package io.ashlar.tier;

import java.io.IOException;
import java.lang.annotation.Annotation;
import java.lang.reflect.Constructor;
import java.lang.reflect.Field;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import javax.tools.ToolProvider;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.io.TempDir;

/**
 * A bug planted into the tier's own sources: a piece of one source file is replaced, the file is
 * compiled, and a test runs over the result in a class loader of its own. So each guard of the tier
 * is shown to be guarded by a test, and production code needs no switches for it.
 *
 * @param file the source file, below {@code io/ashlar/tier}.
 * @param right the right code; must stand there exactly once.
 * @param wrong what is put in its place.
 * @param test the class of the test that must fail.
 * @param method its method.
 */
record PlantedBug(String file, String right, String wrong, String test, String method) {

  /**
   * Runs the test.
   *
   * @param folder an empty folder of this bug's own.
   * @return what the test threw, or null if it did not find the bug.
   */
  @Nullable Throwable tryTest(Path folder) throws Exception {
    Path classes = Files.createDirectories(folder.resolve("classes"));
    compile(Files.createDirectories(folder.resolve("sources")), classes);
    URL[] path = {
      classes.toUri().toURL(), location(TieredBlobStore.class), location(PlantedBug.class)
    };
    try (TierFirstLoader loader = new TierFirstLoader(path, PlantedBug.class.getClassLoader())) {
      loader.setDefaultAssertionStatus(true);
      run(Class.forName(test, true, loader), Files.createDirectories(folder.resolve("test")));
      return null;
    } catch (InvocationTargetException e) {
      return e.getCause();
    }
  }

  private void compile(Path sources, Path classes) throws IOException {
    Path root = Path.of(System.getProperty("ashlar.basedir"), "src/main/java/io/ashlar/tier");
    String source = Files.readString(root.resolve(file));
    int at = source.indexOf(right);
    if (at < 0 || source.indexOf(right, at + 1) >= 0) {
      throw new IllegalStateException(
          "the code to plant a bug in must stand once in " + file + ": " + right);
    }
    Path copy = sources.resolve(file);
    Files.createDirectories(copy.getParent());
    Files.writeString(copy, source.replace(right, wrong));
    int result =
        ToolProvider.getSystemJavaCompiler()
            .run(
                null,
                null,
                null,
                "-proc:none",
                "-nowarn",
                "-d",
                classes.toString(),
                "-cp",
                System.getProperty("java.class.path"),
                copy.toString());
    if (result != 0) {
      throw new IllegalStateException("the planted bug does not compile: " + wrong);
    }
  }

  /** The test with what comes before and after it, as JUnit would run it. */
  private void run(Class<?> type, Path folder) throws Exception {
    Constructor<?> constructor = type.getDeclaredConstructor();
    constructor.setAccessible(true);
    Object instance = constructor.newInstance();
    for (Field field : type.getDeclaredFields()) {
      if (field.isAnnotationPresent(TempDir.class)) {
        field.setAccessible(true);
        field.set(instance, folder);
      }
    }
    Method tested = type.getDeclaredMethod(method);
    tested.setAccessible(true);
    try {
      runAll(type, instance, BeforeEach.class);
      tested.invoke(instance);
    } finally {
      runAll(type, instance, AfterEach.class);
    }
  }

  private static void runAll(Class<?> type, Object instance, Class<? extends Annotation> marked)
      throws Exception {
    for (Method each : List.of(type.getDeclaredMethods())) {
      if (each.isAnnotationPresent(marked)) {
        each.setAccessible(true);
        each.invoke(instance);
      }
    }
  }

  private static URL location(Class<?> type) {
    return type.getProtectionDomain().getCodeSource().getLocation();
  }

  /** Loads the tier's classes itself and everything else through its parent. */
  private static final class TierFirstLoader extends URLClassLoader {

    TierFirstLoader(URL[] path, ClassLoader parent) {
      super(path, parent);
    }

    @Override
    protected Class<?> loadClass(String name, boolean resolve) throws ClassNotFoundException {
      synchronized (getClassLoadingLock(name)) {
        Class<?> loaded = findLoadedClass(name);
        if (loaded == null && name.startsWith("io.ashlar.tier.")) {
          loaded = findClass(name);
        }
        return loaded != null ? loaded : super.loadClass(name, resolve);
      }
    }
  }
}
