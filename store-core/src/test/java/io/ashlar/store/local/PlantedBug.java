package io.ashlar.store.local;

import static org.assertj.core.api.Assertions.assertThat;

import io.ashlar.store.Campaign;
import io.ashlar.store.StoreException;
import io.ashlar.uring.NativeMemory;
import java.io.IOException;
import java.lang.reflect.Constructor;
import java.lang.reflect.Field;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.net.URISyntaxException;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import javax.tools.JavaCompiler;
import javax.tools.StandardJavaFileManager;
import javax.tools.ToolProvider;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.io.TempDir;

/**
 * A bug planted into the sources: pieces of source files are replaced, the files are compiled, and
 * a test runs over the result in a class loader of its own. Production code so needs no switches
 * for its tests.
 *
 * <p>A bug counts as found only if the same test passes without it, and fails with it by an
 * assertion or an exception of the store's own: a test that trips over itself has found nothing.
 *
 * @param name what the bug is.
 * @param edits what is changed.
 */
record PlantedBug(String name, List<Edit> edits) {

  /**
   * One change of a source file.
   *
   * @param file the source file, below {@code io/ashlar/store} of the core; or below {@code
   *     io/ashlar} of the native module, then it begins with {@code uring/}.
   * @param right the right code; must stand there exactly once.
   * @param wrong what is put in its place.
   */
  record Edit(String file, String right, String wrong) {}

  /** The tests that passed without a bug, in this JVM. */
  private static final Set<String> PASSED = ConcurrentHashMap.newKeySet();

  private static final String NATIVE = "uring/";
  private static final JavaCompiler COMPILER = ToolProvider.getSystemJavaCompiler();

  /** Keeps the jars of the class path open, which costs more than compiling a file does. */
  private static final StandardJavaFileManager FILES =
      COMPILER.getStandardFileManager(null, null, null);

  private static final int STRIDE = Campaign.stride("planted.stride", 5);

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
    assertThat(isVerdict(found))
        .as("%s: found by an assertion or an exception of the store, not by %s", planted, found)
        .isTrue();
    String what = String.valueOf(found.getMessage()).strip().replaceAll("\\s+", " ");
    System.out.println(
        "planted: " + planted + ": " + what.substring(0, Math.min(160, what.length())));
  }

  /** Whether a test that ended so has judged the store, and not tripped over itself. */
  private static boolean isVerdict(Throwable found) {
    if (found instanceof AssertionError) {
      return true;
    }
    if (found instanceof ExecutionException && found.getCause() != null) {
      return isVerdict(found.getCause()); // a task's of the test
    }
    for (Class<?> type = found.getClass(); type != null; type = type.getSuperclass()) {
      if (type.getName().equals(StoreException.class.getName())) {
        return true; // of either class loader
      }
    }
    return false;
  }

  /**
   * Runs one test, given by its class and method, without this bug and then with it.
   *
   * @return what the test threw, or null if it did not find the bug.
   */
  @Nullable Throwable tryTest(Path folder, Class<?> test, String method) throws Exception {
    return tryTest(folder, test.getName(), method);
  }

  /** Does the same with a test that only its own package sees. */
  @Nullable Throwable tryTest(Path folder, String test, String method) throws Exception {
    if (!isLong(test) && PASSED.add(test + "#" + method)) {
      Throwable failed = run(Class.forName(test), method, folder);
      assertThat(failed).as("%s#%s without a bug", test, method).isNull();
    }
    try (URLClassLoader loader = load(folder)) {
      return run(Class.forName(test, true, loader), method, folder);
    }
  }

  /** Whether a test explores for long where it finds nothing; the suite runs it without a bug. */
  private static boolean isLong(String test) {
    return test.endsWith("LincheckTest") || test.endsWith("LinearizabilityTest");
  }

  private static @Nullable Throwable run(Class<?> type, String method, Path folder)
      throws Exception {
    Constructor<?> constructor = type.getDeclaredConstructor();
    constructor.setAccessible(true);
    Object test = constructor.newInstance();
    for (Field field : type.getDeclaredFields()) {
      if (field.isAnnotationPresent(TempDir.class)) {
        field.setAccessible(true);
        field.set(test, Files.createTempDirectory(folder, "test"));
      }
    }
    Method found = type.getDeclaredMethod(method);
    found.setAccessible(true);
    try {
      found.invoke(test);
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
    List<String> own = new ArrayList<>(List.of("io.ashlar.store."));
    if (edits.stream().anyMatch(edit -> edit.file().startsWith(NATIVE))) {
      path.add(location(NativeMemory.class));
      own.add("io.ashlar.uring.");
    }
    ChildFirstLoader loader =
        new ChildFirstLoader(path.toArray(new URL[0]), own, PlantedBug.class.getClassLoader());
    loader.setDefaultAssertionStatus(true);
    return loader;
  }

  /**
   * Whether this bug is tried in this run: in the suite every {@code planted.stride}th is, 5 unless
   * set, chosen by the bug's name; a soak tries all. The code of the others must stand all the
   * same.
   */
  boolean isTried() throws IOException {
    return !edited().isEmpty() && Math.floorMod(name.hashCode(), STRIDE) == 0;
  }

  /** Returns the sources with the bug in them, by their path below the packages. */
  private Map<String, String> edited() throws IOException {
    Path base = Path.of(System.getProperty("ashlar.basedir"));
    Map<String, String> edited = new LinkedHashMap<>();
    for (Edit edit : edits) {
      Path root =
          edit.file().startsWith(NATIVE)
              ? base.resolveSibling("native").resolve("src/main/java/io/ashlar")
              : base.resolve("src/main/java/io/ashlar/store");
      String before = edited.get(edit.file());
      String source = before != null ? before : Files.readString(root.resolve(edit.file()));
      int at = source.indexOf(edit.right());
      if (at < 0 || source.indexOf(edit.right(), at + 1) >= 0) {
        throw new IllegalStateException(
            "the code to plant a bug in must stand once in " + edit.file() + ": " + edit.right());
      }
      edited.put(edit.file(), source.replace(edit.right(), edit.wrong()));
    }
    return edited;
  }

  private void compile(Path sources, Path classes) throws IOException, URISyntaxException {
    List<String> arguments = new ArrayList<>(List.of("-proc:none", "-nowarn", "-d"));
    arguments.add(classes.toString());
    arguments.add("-cp");
    arguments.add(compileClassPath());
    List<Path> files = new ArrayList<>();
    for (Map.Entry<String, String> source : edited().entrySet()) {
      Path file = sources.resolve(source.getKey());
      Files.createDirectories(file.getParent());
      files.add(Files.writeString(file, source.getValue()));
    }
    boolean compiled =
        COMPILER
            .getTask(null, FILES, null, arguments, null, FILES.getJavaFileObjectsFromPaths(files))
            .call();
    if (!compiled) {
      throw new IllegalStateException("the planted bug does not compile: " + name);
    }
  }

  private static String compileClassPath() throws URISyntaxException {
    List<String> parts = new ArrayList<>();
    for (Class<?> one :
        List.of(
            LocalBlobStore.class,
            NativeMemory.class,
            org.agrona.concurrent.Agent.class,
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

  /** Loads classes of some packages itself and everything else through its parent. */
  private static final class ChildFirstLoader extends URLClassLoader {

    private final List<String> own;

    ChildFirstLoader(URL[] path, List<String> own, ClassLoader parent) {
      super(path, parent);
      this.own = own;
    }

    @Override
    protected Class<?> loadClass(String name, boolean resolve) throws ClassNotFoundException {
      synchronized (getClassLoadingLock(name)) {
        Class<?> loaded = findLoadedClass(name);
        if (loaded == null && own.stream().anyMatch(name::startsWith)) {
          loaded = findClass(name);
        }
        return loaded != null ? loaded : super.loadClass(name, resolve);
      }
    }
  }
}
