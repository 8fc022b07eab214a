package io.ashlar.store.spi;

import java.lang.invoke.MethodHandles;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/**
 * Reserves room on the calling thread's stack before an operation takes or changes anything. A
 * {@link StackOverflowError} then happens here, or not at all, but never half-way.
 *
 * <p><b>How.</b> The JVM looks at the entry of every method whether its frame fits. So it is enough
 * to call a method whose frame is long. Its frame is long because it has many local variables; it
 * uses none of them. The interpreter makes the frame. Compiled code makes a short one, but it looks
 * for room for the interpreter's, which it may have to fall back to. So a call costs a load or a
 * store for each page of the room, and no more.
 *
 * <p>No source has that many variables, so the class file of the method is written here. Its code
 * is a call between instructions that do nothing: enough of them that no compiler inlines it.
 *
 * <p>An operation that ends a use is promised less room than one that begins it. So a handle that
 * was taken at some depth of the stack can be closed there.
 *
 * <p>Thread: any. Nothing is allocated.
 */
public final class StackRoom {

  /** The room that {@link #toBegin} asks for. */
  static final int BEGIN_BYTES = 32 << 10;

  /** The room that {@link #toEnd} asks for. */
  static final int END_BYTES = 16 << 10;

  private static final int SLOT_BYTES = Long.BYTES;
  private static final int CODE_BYTES = 400; // more than compilers inline, of a method called often
  private static final int CLASS_VERSION = 52;
  private static final int CLASS_BYTES_MAX = 2048;

  private static final Runnable BEGIN = method(BEGIN_BYTES);
  private static final Runnable END = method(END_BYTES);

  private StackRoom() {}

  /**
   * Asks for what a call needs that takes something: a place in the gate, a buffer, the commit
   * role.
   *
   * @throws StackOverflowError if there is less; nothing has changed.
   */
  public static void toBegin() {
    BEGIN.run();
  }

  /**
   * Asks for what a call needs that gives something back.
   *
   * @throws StackOverflowError if there is less; nothing has changed.
   */
  public static void toEnd() {
    END.run();
  }

  /** Returns an object whose {@code run} has a frame of this many bytes. */
  private static Runnable method(int frameBytes) {
    try {
      return (Runnable)
          MethodHandles.lookup()
              .defineHiddenClass(classFile(frameBytes / SLOT_BYTES), true)
              .lookupClass()
              .getDeclaredConstructor()
              .newInstance();
    } catch (ReflectiveOperationException impossible) {
      throw new ExceptionInInitializerError(impossible);
    }
  }

  /**
   * Writes a class with three methods: its constructor, {@code run} with this many local variables,
   * and {@code end}, which {@code run} calls. Only a method with a call checks for room.
   */
  private static byte[] classFile(int locals) {
    ByteBuffer out = ByteBuffer.allocate(CLASS_BYTES_MAX); // its puts link no handles (0085)
    putInt(out, 0xCAFEBABE);
    putInt(out, CLASS_VERSION);
    String name = StackRoom.class.getName().replace('.', '/') + "$Frame";
    String[] texts = {
      name, "java/lang/Object", "java/lang/Runnable", "<init>", "run", "end", "()V", "Code"
    };
    putShort(out, 1 + texts.length + 3 + 2 + 2);
    for (String text : texts) { // 1 to 8
      putByte(out, 1);
      byte[] ascii = text.getBytes(StandardCharsets.US_ASCII);
      putShort(out, ascii.length);
      var _ = out.put(ascii);
    }
    for (int text = 1; text <= 3; text++) { // 9 to 11: the classes
      putByte(out, 7);
      putShort(out, text);
    }
    for (int text : new int[] {4, 6}) { // 12 and 13: the constructor's name and type, and end's
      putByte(out, 12);
      putShort(out, text);
      putShort(out, 7);
    }
    for (int owner : new int[] {10, 9}) { // 14 and 15: these methods, of Object and of this class
      putByte(out, 10);
      putShort(out, owner);
      putShort(out, owner == 10 ? 12 : 13);
    }
    putShort(out, 0x1030); // synthetic, final, and with today's meaning of invokespecial
    putShort(out, 9);
    putShort(out, 10);
    putShort(out, 1);
    putShort(out, 11);
    putShort(out, 0); // no fields
    putShort(out, 3);
    writeMethod(out, 0x0001, 4, 1, new byte[] {0x2A, (byte) 0xB7, 0, 14}, 0); // super()
    writeMethod(out, 0x0001, 5, locals, new byte[] {(byte) 0xB8, 0, 15}, CODE_BYTES); // end()
    writeMethod(out, 0x000A, 6, 0, new byte[0], CODE_BYTES);
    putShort(out, 0); // no attributes
    return Arrays.copyOf(out.array(), out.position());
  }

  private static void writeMethod(
      ByteBuffer out, int flags, int name, int locals, byte[] code, int nothings) {
    putShort(out, flags);
    putShort(out, name);
    putShort(out, 7);
    putShort(out, 1);
    putShort(out, 8); // Code
    int length = code.length + nothings + 1;
    putInt(out, 12 + length);
    putShort(out, 1); // stack
    putShort(out, locals);
    putInt(out, length);
    var _ = out.put(code);
    var _ = out.put(new byte[nothings]); // nop is 0
    putByte(out, 0xB1); // return
    putShort(out, 0); // no handlers
    putShort(out, 0); // no attributes
  }

  private static void putByte(ByteBuffer out, int value) {
    var _ = out.put((byte) value);
  }

  private static void putShort(ByteBuffer out, int value) {
    var _ = out.putShort((short) value);
  }

  private static void putInt(ByteBuffer out, int value) {
    var _ = out.putInt(value);
  }
}
