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
import java.util.ArrayList;
import java.util.List;
import javax.tools.StandardJavaFileManager;
import javax.tools.StandardLocation;
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

  private static final int STRIDE = Campaign.stride("planted.stride", 5);

  /** Keeps the jars of the class path open, which costs more than compiling a file does. */
  private static final StandardJavaFileManager FILES =
      ToolProvider.getSystemJavaCompiler().getStandardFileManager(null, null, null);

  /**
   * Runs the test without the bug, over the classes of this test run.
   *
   * @param folder an empty folder of this run's own.
   * @return what the test threw, or null if it passed.
   */
  @Nullable Throwable tryTestWithoutIt(Path folder) throws Exception {
    return tryTest(PlantedBug.class.getClassLoader(), folder);
  }

  /**
   * Runs the test.
   *
   * @param folder an empty folder of this bug's own.
   * @return what the test threw, or null if it did not find the bug.
   */
  @Nullable Throwable tryTest(Path folder) throws Exception {
    Path classes = Files.createDirectories(folder.resolve("classes"));
    compile(Files.createDirectories(folder.resolve("sources")), classes);
    URL[] path = {classes.toUri().toURL(), location(Tier.class), location(PlantedBug.class)};
    try (TierFirstLoader loader = new TierFirstLoader(path, PlantedBug.class.getClassLoader())) {
      loader.setDefaultAssertionStatus(true);
      return tryTest(loader, folder);
    }
  }

  private @Nullable Throwable tryTest(ClassLoader loader, Path folder) throws Exception {
    try {
      run(Class.forName(test, true, loader), Files.createDirectories(folder.resolve("test")));
      return null;
    } catch (InvocationTargetException e) {
      return e.getCause();
    }
  }

  /**
   * Whether this bug is tried in this run: in the suite every {@code planted.stride}th is, 5 unless
   * set, chosen by what it changes; a soak tries all. The code of the others must stand all the
   * same.
   */
  boolean isTried() throws IOException {
    return !source().isEmpty() && Math.floorMod((right + wrong + method).hashCode(), STRIDE) == 0;
  }

  /** Returns the source file without the bug. */
  private String source() throws IOException {
    Path root = Path.of(System.getProperty("ashlar.basedir"), "src/main/java/io/ashlar/tier");
    String source = Files.readString(root.resolve(file));
    int at = source.indexOf(right);
    if (at < 0 || source.indexOf(right, at + 1) >= 0) {
      throw new IllegalStateException(
          "the code to plant a bug in must stand once in " + file + ": " + right);
    }
    return source;
  }

  private void compile(Path sources, Path classes) throws IOException {
    String source = source();
    Path copy = sources.resolve(file);
    Files.createDirectories(copy.getParent());
    Files.writeString(copy, source.replace(right, wrong));
    FILES.setLocationFromPaths(StandardLocation.CLASS_OUTPUT, List.of(classes));
    boolean compiled =
        ToolProvider.getSystemJavaCompiler()
            .getTask(
                null,
                FILES,
                null,
                List.of("-proc:none", "-nowarn", "-cp", System.getProperty("java.class.path")),
                null,
                FILES.getJavaFileObjects(copy))
            .call();
    if (!compiled) {
      throw new IllegalStateException("the planted bug does not compile: " + wrong);
    }
  }

  /** The test with what comes before and after it, as JUnit would run it. */
  private void run(Class<?> type, Path folder) throws Exception {
    Constructor<?> constructor = type.getDeclaredConstructor();
    constructor.setAccessible(true);
    Object instance = constructor.newInstance();
    for (Class<?> each = type; each != null && each != Object.class; each = each.getSuperclass()) {
      for (Field field : each.getDeclaredFields()) {
        if (field.isAnnotationPresent(TempDir.class)) {
          field.setAccessible(true);
          field.set(instance, folder);
        }
      }
    }
    List<Method> methods = methods(type);
    Method tested =
        methods.stream().filter(each -> each.getName().equals(method)).findFirst().orElseThrow();
    try {
      runAll(methods, instance, BeforeEach.class);
      tested.invoke(instance);
    } finally {
      runAll(methods.reversed(), instance, AfterEach.class);
    }
  }

  /** Those of the class and of what it extends, which come first. */
  private static List<Method> methods(Class<?> type) {
    List<Method> methods = new ArrayList<>();
    for (Class<?> each = type; each != null && each != Object.class; each = each.getSuperclass()) {
      methods.addAll(0, List.of(each.getDeclaredMethods()));
    }
    methods.forEach(each -> each.setAccessible(true));
    return methods;
  }

  private static void runAll(
      List<Method> methods, Object instance, Class<? extends Annotation> marked) throws Exception {
    for (Method each : methods) {
      if (each.isAnnotationPresent(marked)) {
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
