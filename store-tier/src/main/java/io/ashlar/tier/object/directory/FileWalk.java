package io.ashlar.tier.object.directory;

import io.ashlar.tier.object.ObjectInfo;
import io.ashlar.tier.object.ObjectKey;
import io.ashlar.tier.object.ObjectKeyException;
import io.ashlar.tier.object.ObjectPage;
import io.ashlar.tier.object.ObjectStore;
import java.io.IOException;
import java.nio.file.DirectoryIteratorException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.NotDirectoryException;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * One page of a directory store's listing, in key order. Directories are entered only where keys of
 * the page can be; what is not an object (links, foreign names, the store's own directory) is left
 * out. Thread: one; made for one page.
 */
final class FileWalk {
  private record Child(String key, Path path, boolean directory) {}

  private final StoreDirectory directory;
  private final String prefix;
  private final @Nullable String startAfter;
  private final List<ObjectInfo> found = new ArrayList<>();

  FileWalk(StoreDirectory directory, String prefix, @Nullable String startAfter) {
    this.directory = directory;
    this.prefix = prefix;
    this.startAfter = startAfter;
  }

  ObjectPage page() throws IOException {
    String base = prefix.substring(0, prefix.lastIndexOf('/') + 1);
    try {
      // The empty last component of the base resolves to the directory itself.
      walk(directory.resolve(base), base);
    } catch (NotDirectoryException absent) {
      found.clear();
    }
    directory.checkPresent(); // else what is gone would be a page that is not whole
    boolean more = found.size() > ObjectStore.LIST_OBJECTS_MAX;
    return new ObjectPage(more ? found.subList(0, ObjectStore.LIST_OBJECTS_MAX) : found, more);
  }

  /** Adds what is below {@code path}, whose keys start with {@code base}, until one too many. */
  private void walk(Path path, String base) throws IOException {
    for (Child child : children(path, base)) {
      if (found.size() > ObjectStore.LIST_OBJECTS_MAX) {
        return;
      }
      if (child.directory) {
        walk(child.path, child.key);
      } else {
        FileVersion version = FileVersion.read(child.path);
        if (version != null) {
          found.add(version.info(child.key));
        }
      }
    }
  }

  private List<Child> children(Path path, String base) throws IOException {
    List<Child> children = new ArrayList<>();
    try (DirectoryStream<Path> stream = Files.newDirectoryStream(path)) {
      for (Path entry : stream) {
        Child child = child(entry, base);
        if (child != null && (child.directory ? mayHold(child.key) : wanted(child.key))) {
          children.add(child);
        }
      }
    } catch (NoSuchFileException | NotDirectoryException absent) {
      return List.of();
    } catch (DirectoryIteratorException e) {
      throw e.getCause();
    }
    children.sort((a, b) -> ObjectKey.compare(a.key, b.key));
    return children;
  }

  private static @Nullable Child child(Path entry, String base) throws IOException {
    String name = FileNames.decode(entry.getFileName().toString());
    if (name == null || (base.isEmpty() && name.equals(ObjectKey.RESERVED))) {
      return null;
    }
    BasicFileAttributes attributes;
    try {
      attributes =
          Files.readAttributes(entry, BasicFileAttributes.class, LinkOption.NOFOLLOW_LINKS);
    } catch (NoSuchFileException gone) {
      return null;
    }
    try {
      ObjectKey.check(base + name);
    } catch (ObjectKeyException notOurs) {
      return null;
    }
    if (attributes.isDirectory()) {
      return new Child(base + name + "/", entry, true);
    }
    return attributes.isRegularFile() ? new Child(base + name, entry, false) : null;
  }

  private boolean wanted(String key) {
    return key.startsWith(prefix) && (startAfter == null || ObjectKey.compare(key, startAfter) > 0);
  }

  private boolean mayHold(String base) {
    boolean below = base.startsWith(prefix) || prefix.startsWith(base);
    return below
        && (startAfter == null
            || startAfter.startsWith(base)
            || ObjectKey.compare(base, startAfter) > 0);
  }
}
