package io.ashlar.tier.object.directory;

import java.io.IOException;
import java.lang.reflect.InvocationHandler;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.Proxy;
import java.net.URI;
import java.nio.channels.FileChannel;
import java.nio.channels.SeekableByteChannel;
import java.nio.file.AccessMode;
import java.nio.file.CopyOption;
import java.nio.file.DirectoryIteratorException;
import java.nio.file.DirectoryStream;
import java.nio.file.FileStore;
import java.nio.file.FileSystem;
import java.nio.file.LinkOption;
import java.nio.file.OpenOption;
import java.nio.file.Path;
import java.nio.file.PathMatcher;
import java.nio.file.WatchService;
import java.nio.file.attribute.BasicFileAttributeView;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.FileAttribute;
import java.nio.file.attribute.FileAttributeView;
import java.nio.file.attribute.FileTime;
import java.nio.file.attribute.UserPrincipalLookupService;
import java.nio.file.spi.FileSystemProvider;
import java.util.Iterator;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * The file system of this machine, whose calls can fail: paths of it are used as any others.
 * Thread: any; the fault decides.
 */
final class FailingDisk extends FileSystemProvider {
  /** Decides about a call of the file system. */
  interface Fault {
    /**
     * @param call read, write, force, openFile, createLink, readAttributes and so on.
     * @return what the call fails with; null if it does not.
     */
    @Nullable IOException on(String call);
  }

  private final FileSystemProvider real;
  private final FileSystem realSystem;
  private final FileSystem system = new FailingSystem();
  private volatile Fault fault = call -> null;

  private FailingDisk(Path below) {
    realSystem = below.getFileSystem();
    real = realSystem.provider();
  }

  /** Makes one, and nothing fails yet. */
  static FailingDisk of(Path below) {
    return new FailingDisk(below);
  }

  /** Sets what fails from now on. */
  void fault(Fault newFault) {
    fault = newFault;
  }

  /** The same path, by calls that can fail. */
  Path path(Path path) {
    return (Path)
        Proxy.newProxyInstance(
            FailingDisk.class.getClassLoader(), new Class<?>[] {Path.class}, new Handler(path));
  }

  void call(String call) throws IOException {
    IOException failure = fault.on(call);
    if (failure != null) {
      throw failure;
    }
  }

  private static Object unwrapped(Object value) {
    return value instanceof Path && Proxy.isProxyClass(value.getClass())
        ? ((Handler) Proxy.getInvocationHandler(value)).path
        : value;
  }

  private static Path real(Path path) {
    return (Path) unwrapped(path);
  }

  private final class Handler implements InvocationHandler {
    private final Path path;

    Handler(Path path) {
      this.path = path;
    }

    @Override
    public @Nullable Object invoke(Object proxy, Method method, Object @Nullable [] arguments)
        throws Throwable {
      if (method.getName().equals("getFileSystem")) {
        return system;
      }
      if (method.getName().equals("toRealPath")) {
        call("toRealPath");
      }
      Object[] plain = arguments == null ? new Object[0] : arguments.clone();
      for (int i = 0; i < plain.length; i++) {
        plain[i] = unwrapped(plain[i]);
      }
      Object result;
      try {
        result = method.invoke(path, plain);
      } catch (InvocationTargetException e) {
        throw e.getCause();
      }
      if (result instanceof Path found) {
        return path(found);
      }
      return result instanceof Iterator<?> paths ? wrapped(paths) : result;
    }
  }

  private Iterator<Path> wrapped(Iterator<?> paths) {
    return new Iterator<>() {
      @Override
      public boolean hasNext() {
        return paths.hasNext();
      }

      @Override
      public Path next() {
        return path((Path) paths.next());
      }
    };
  }

  @Override
  public FileChannel newFileChannel(
      Path path, Set<? extends OpenOption> options, FileAttribute<?>... attributes)
      throws IOException {
    call("openFile");
    return new FailingChannel(real.newFileChannel(real(path), options, attributes), this);
  }

  @Override
  public SeekableByteChannel newByteChannel(
      Path path, Set<? extends OpenOption> options, FileAttribute<?>... attributes)
      throws IOException {
    return newFileChannel(path, options, attributes);
  }

  @Override
  public DirectoryStream<Path> newDirectoryStream(
      Path path, DirectoryStream.Filter<? super Path> filter) throws IOException {
    call("openDirectory");
    DirectoryStream<Path> entries = real.newDirectoryStream(real(path), entry -> true);
    return new DirectoryStream<>() {
      @Override
      public Iterator<Path> iterator() {
        Iterator<Path> wrapped = wrapped(entries.iterator());
        return new Iterator<>() {
          @Override
          public boolean hasNext() {
            try {
              call("readDirectory");
            } catch (IOException e) {
              throw new DirectoryIteratorException(e);
            }
            return wrapped.hasNext();
          }

          @Override
          public Path next() {
            return wrapped.next();
          }
        };
      }

      @Override
      public void close() throws IOException {
        entries.close();
      }
    };
  }

  @Override
  public void createDirectory(Path path, FileAttribute<?>... attributes) throws IOException {
    call("createDirectory");
    real.createDirectory(real(path), attributes);
  }

  @Override
  public void createLink(Path link, Path existing) throws IOException {
    call("createLink");
    real.createLink(real(link), real(existing));
  }

  @Override
  public void delete(Path path) throws IOException {
    call("delete");
    real.delete(real(path));
  }

  @Override
  public void copy(Path source, Path target, CopyOption... options) throws IOException {
    call("copy");
    real.copy(real(source), real(target), options);
  }

  @Override
  public void move(Path source, Path target, CopyOption... options) throws IOException {
    call("move");
    real.move(real(source), real(target), options);
  }

  @Override
  public boolean isSameFile(Path path, Path other) throws IOException {
    call("isSameFile");
    return real.isSameFile(real(path), real(other));
  }

  @Override
  public boolean isHidden(Path path) throws IOException {
    return real.isHidden(real(path));
  }

  @Override
  public FileStore getFileStore(Path path) throws IOException {
    return real.getFileStore(real(path));
  }

  @Override
  public void checkAccess(Path path, AccessMode... modes) throws IOException {
    call("checkAccess");
    real.checkAccess(real(path), modes);
  }

  @Override
  public <V extends FileAttributeView> @Nullable V getFileAttributeView(
      Path path, Class<V> type, LinkOption... options) {
    BasicFileAttributeView view =
        real.getFileAttributeView(real(path), BasicFileAttributeView.class, options);
    if (view == null || type != BasicFileAttributeView.class) {
      return null;
    }
    return type.cast(
        new BasicFileAttributeView() {
          @Override
          public String name() {
            return view.name();
          }

          @Override
          public BasicFileAttributes readAttributes() throws IOException {
            call("readAttributes");
            return view.readAttributes();
          }

          @Override
          public void setTimes(
              @Nullable FileTime modified, @Nullable FileTime accessed, @Nullable FileTime created)
              throws IOException {
            call("setTimes");
            view.setTimes(modified, accessed, created);
          }
        });
  }

  @Override
  public <A extends BasicFileAttributes> A readAttributes(
      Path path, Class<A> type, LinkOption... options) throws IOException {
    call("readAttributes");
    return real.readAttributes(real(path), type, options);
  }

  @Override
  public Map<String, Object> readAttributes(Path path, String names, LinkOption... options)
      throws IOException {
    call("readAttributes");
    return real.readAttributes(real(path), names, options);
  }

  @Override
  public void setAttribute(Path path, String name, @Nullable Object value, LinkOption... options)
      throws IOException {
    call("setAttribute");
    real.setAttribute(real(path), name, value, options);
  }

  @Override
  public String getScheme() {
    return "failing";
  }

  @Override
  public FileSystem newFileSystem(URI uri, Map<String, ?> settings) {
    throw new UnsupportedOperationException();
  }

  @Override
  public FileSystem getFileSystem(URI uri) {
    return system;
  }

  @Override
  public Path getPath(URI uri) {
    throw new UnsupportedOperationException();
  }

  private final class FailingSystem extends FileSystem {
    @Override
    public FileSystemProvider provider() {
      return FailingDisk.this;
    }

    @Override
    public void close() {}

    @Override
    public boolean isOpen() {
      return true;
    }

    @Override
    public boolean isReadOnly() {
      return false;
    }

    @Override
    public String getSeparator() {
      return realSystem.getSeparator();
    }

    @Override
    public Iterable<Path> getRootDirectories() {
      return realSystem.getRootDirectories();
    }

    @Override
    public Iterable<FileStore> getFileStores() {
      return realSystem.getFileStores();
    }

    @Override
    public Set<String> supportedFileAttributeViews() {
      return realSystem.supportedFileAttributeViews();
    }

    @Override
    public Path getPath(String first, String... more) {
      return path(realSystem.getPath(first, more));
    }

    @Override
    public PathMatcher getPathMatcher(String pattern) {
      return realSystem.getPathMatcher(pattern);
    }

    @Override
    public UserPrincipalLookupService getUserPrincipalLookupService() {
      return realSystem.getUserPrincipalLookupService();
    }

    @Override
    public WatchService newWatchService() {
      throw new UnsupportedOperationException();
    }
  }
}
