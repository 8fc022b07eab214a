package io.ashlar.tier;

import static org.assertj.core.api.Assertions.assertThat;

import io.ashlar.store.BlobStore;
import io.ashlar.store.local.LocalBlobStore;
import io.ashlar.store.local.ReadOnlyStore;
import io.ashlar.store.local.StoreBackup;
import io.ashlar.tier.follow.FollowerStore;
import io.ashlar.tier.key.KeyFile;
import io.ashlar.tier.object.BodyStream;
import io.ashlar.tier.object.FileBody;
import io.ashlar.tier.object.ObjectKey;
import io.ashlar.tier.object.ObjectKeyException;
import io.ashlar.tier.object.ObjectNotFoundException;
import io.ashlar.tier.object.ObjectStoreException;
import io.ashlar.tier.restore.Restore;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.reflect.AnnotatedType;
import java.lang.reflect.Constructor;
import java.lang.reflect.Executable;
import java.lang.reflect.Field;
import java.lang.reflect.Method;
import java.lang.reflect.Modifier;
import java.net.URISyntaxException;
import java.nio.file.FileSystem;
import java.nio.file.FileSystems;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Deque;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * The public API as a file in each module, so that a change of it is a decision, and rules for it:
 * it mentions no type that users cannot import, and has none that they cannot reach.
 */
class PublicApiTest {
  private static final Pattern NAME = Pattern.compile("io\\.ashlar\\.[\\w.$]+");

  private static final Pattern EXPORTED = Pattern.compile("(?m)^  exports ([\\w.]+);");

  /** A module, and the types that users begin with. */
  @SuppressWarnings("ImmutableEnumChecker") // the lists are immutable
  enum Module {
    CORE(
        "../store-core",
        BlobStore.class,
        List.of(LocalBlobStore.class, ReadOnlyStore.class, StoreBackup.class)),
    TIER(
        "../store-tier",
        Tier.class,
        List.of(
            Tier.class,
            ObjectStores.class,
            FollowerStore.class,
            Restore.class,
            KeyFile.class,
            ObjectStoreException.class, // what the contract throws
            ObjectNotFoundException.class,
            ObjectKeyException.class,
            ObjectKey.class, // for those who implement it
            BodyStream.class,
            FileBody.class));

    private final Path file;
    private final Class<?> member;
    private final Path descriptor;

    @SuppressWarnings("ImmutableEnumChecker") // List.of
    private final List<Class<?>> entries;

    Module(String folder, Class<?> member, List<Class<?>> entries) {
      this.file = Path.of(folder, "api.txt");
      this.member = member;
      this.descriptor = Path.of(folder, "src/main/module/module-info.java");
      this.entries = entries;
    }

    /** Returns the packages that it exports to everybody. */
    private List<String> exported() throws IOException {
      return EXPORTED
          .matcher(Files.readString(descriptor))
          .results()
          .map(found -> found.group(1))
          .toList();
    }
  }

  @ParameterizedTest
  @EnumSource(Module.class)
  void shouldBeTheApiOfTheFile(Module module) throws IOException {
    List<String> lines = lines(module);
    if (Boolean.getBoolean("api.write")) {
      Files.write(module.file, lines);
    }
    List<String> decided = Files.readAllLines(module.file);
    assertThat(
            Stream.concat(
                without(lines, decided).map(line -> "new: " + line),
                without(decided, lines).map(line -> "gone: " + line)))
        .as(
            "the public API is not that of %s: decide whether it should be, then write the file by"
                + " scripts/test -Dapi.write=true PublicApiTest",
            module.file)
        .isEmpty();
  }

  private static Stream<String> without(List<String> lines, List<String> others) {
    return lines.stream().filter(line -> !others.contains(line));
  }

  @ParameterizedTest
  @EnumSource(Module.class)
  void shouldMentionNoTypeThatUsersCannotImport(Module module) {
    Set<String> exported =
        Arrays.stream(Module.values())
            .flatMap(one -> types(one).stream())
            .map(Class::getName)
            .collect(Collectors.toSet());
    assertThat(
            types(module).stream()
                .flatMap(PublicApiTest::mentioned)
                .filter(name -> !exported.contains(name)))
        .as("types that are not exported, or not public")
        .isEmpty();
  }

  @ParameterizedTest
  @EnumSource(Module.class)
  void shouldHaveNoTypeThatUsersCannotReach(Module module) {
    Set<Class<?>> reached = new HashSet<>();
    Deque<Class<?>> next = new ArrayDeque<>(module.entries);
    while (!next.isEmpty()) {
      Class<?> type = next.removeFirst();
      if (reached.add(type)) {
        Stream.of(
                mentioned(type).map(PublicApiTest::load),
                Arrays.stream(type.getClasses()),
                Stream.ofNullable(type.getPermittedSubclasses()).flatMap(Arrays::stream),
                Stream.ofNullable(type.getSuperclass()))
            .<Class<?>>flatMap(types -> types)
            .filter(one -> one.getName().startsWith("io.ashlar.") && isPublic(one))
            .forEach(next::add);
      }
    }
    assertThat(types(module).stream().filter(type -> !reached.contains(type)))
        .as("public types that no signature leads to from %s", module.entries)
        .isEmpty();
  }

  /** Returns the names of types of the product in the signatures of a type. */
  private static Stream<String> mentioned(Class<?> type) {
    return lines(type).stream()
        .flatMap(line -> NAME.matcher(line.substring(type.getName().length())).results())
        .map(MatchResult::group);
  }

  private static Class<?> load(String name) {
    try {
      return Class.forName(name, false, PublicApiTest.class.getClassLoader());
    } catch (ClassNotFoundException e) {
      throw new AssertionError(e);
    }
  }

  /** Returns the public types of a module's exported packages, from its folder or its jar. */
  private static List<Class<?>> types(Module module) {
    try {
      Path place =
          Path.of(module.member.getProtectionDomain().getCodeSource().getLocation().toURI());
      if (Files.isDirectory(place)) {
        return types(module, place);
      }
      try (FileSystem jar = FileSystems.newFileSystem(place)) {
        return types(module, jar.getPath("/"));
      }
    } catch (URISyntaxException e) {
      throw new AssertionError(e);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static List<Class<?>> types(Module module, Path classes) throws IOException {
    List<Class<?>> types = new ArrayList<>();
    for (String exported : module.exported()) {
      try (Stream<Path> files = Files.list(classes.resolve(exported.replace('.', '/')))) {
        files
            .map(file -> file.getFileName().toString())
            .filter(name -> name.endsWith(".class") && !name.contains("-info"))
            .map(name -> load(exported + "." + name.substring(0, name.length() - 6)))
            .filter(PublicApiTest::isPublic)
            .forEach(types::add);
      }
    }
    return types;
  }

  private static boolean isPublic(Class<?> type) {
    for (Class<?> outer = type; outer != null; outer = outer.getEnclosingClass()) {
      if (!Modifier.isPublic(outer.getModifiers()) || outer.isAnonymousClass()) {
        return false;
      }
    }
    return true;
  }

  private static List<String> lines(Module module) {
    return types(module).stream().flatMap(type -> lines(type).stream()).sorted().toList();
  }

  /** Returns a line for a type and one for each of its members that users can name. */
  private static List<String> lines(Class<?> type) {
    Set<String> lines = new TreeSet<>();
    lines.add(type.getName() + ": " + declaration(type));
    for (Field field : type.getDeclaredFields()) {
      if (isVisible(field.getModifiers())) {
        lines.add(
            "%s.%s: %s%s"
                .formatted(
                    type.getName(),
                    field.getName(),
                    modifiers(field.getModifiers() & ~Modifier.FINAL),
                    name(field.getAnnotatedType())));
      }
    }
    for (Constructor<?> constructor : type.getDeclaredConstructors()) {
      if (isVisible(constructor.getModifiers()) && !constructor.isSynthetic()) {
        lines.add(type.getName() + ".new" + parameters(constructor) + thrown(constructor));
      }
    }
    for (Method method : type.getDeclaredMethods()) {
      if (isVisible(method.getModifiers()) && !method.isSynthetic() && !isImplied(method)) {
        lines.add(
            "%s.%s%s: %s%s%s%s"
                .formatted(
                    type.getName(),
                    method.getName(),
                    parameters(method),
                    method.isDefault() ? "default " : "",
                    modifiers(method.getModifiers() & (Modifier.STATIC | Modifier.PROTECTED)),
                    name(method.getAnnotatedReturnType()),
                    thrown(method)));
      }
    }
    return List.copyOf(lines);
  }

  private static String declaration(Class<?> type) {
    String kind =
        type.isRecord()
            ? "record"
            : type.isEnum() ? "enum" : type.isInterface() ? "interface" : "class";
    int implied = type.isRecord() || type.isEnum() ? Modifier.FINAL : 0;
    implied |= type.isInterface() ? Modifier.ABSTRACT | Modifier.INTERFACE : 0;
    List<String> above =
        Stream.concat(
                Stream.ofNullable(type.getSuperclass())
                    .filter(one -> !type.isRecord() && !type.isEnum() && one != Object.class),
                Arrays.stream(type.getInterfaces()))
            .map(Class::getName)
            .toList();
    return modifiers(type.getModifiers() & ~implied & ~Modifier.STATIC & ~Modifier.PUBLIC)
        + (type.isSealed() ? "sealed " : "")
        + kind
        + (above.isEmpty() ? "" : " extends " + String.join(", ", above));
  }

  private static String modifiers(int modifiers) {
    String text = Modifier.toString(modifiers & ~Modifier.PUBLIC);
    return text.isEmpty() ? "" : text + " ";
  }

  private static boolean isVisible(int modifiers) {
    return Modifier.isPublic(modifiers) || Modifier.isProtected(modifiers);
  }

  /** Whether the compiler writes a method of an enum or a record. */
  private static boolean isImplied(Method method) {
    Class<?> type = method.getDeclaringClass();
    return (type.isEnum() && Set.of("values", "valueOf").contains(method.getName()))
        || (type.isRecord() && Set.of("equals", "hashCode", "toString").contains(method.getName()));
  }

  private static String parameters(Executable executable) {
    return Arrays.stream(executable.getAnnotatedParameterTypes())
        .map(PublicApiTest::name)
        .collect(Collectors.joining(", ", "(", ")"));
  }

  private static String name(AnnotatedType type) {
    return (type.isAnnotationPresent(Nullable.class) ? "@Nullable " : "")
        + type.getType().getTypeName();
  }

  private static String thrown(Executable executable) {
    List<String> names =
        Arrays.stream(executable.getExceptionTypes()).map(Class::getName).sorted().toList();
    return names.isEmpty() ? "" : " throws " + String.join(", ", names);
  }
}
