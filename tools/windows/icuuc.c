/* For tests in Wine only: Windows 10 (1903) and later have icuuc.dll, Wine 8 has none, and Qt6Core links to it.
 * Qt asks it for text encodings other than UTF-8, UTF-16, UTF-32, Latin-1 and the system's; the answer here is always
 * "there is no such encoding". Only what Qt6Core imports is here. */

#define OFFERED __declspec(dllexport)

typedef int UErrorCode;
typedef unsigned short UChar;
typedef struct UConverter UConverter;
typedef const void *Callback;
typedef signed char UBool;

enum { U_FILE_ACCESS_ERROR = 4, U_UNSUPPORTED_ERROR = 16 };

static void refuse(UErrorCode *error)
{
    if (error)
        *error = U_UNSUPPORTED_ERROR;
}

OFFERED UConverter *ucnv_open(const char *name, UErrorCode *error)
{
    (void)name;
    if (error)
        *error = U_FILE_ACCESS_ERROR;
    return 0;
}

OFFERED int ucnv_countAvailable(void) { return 0; }
OFFERED const char *ucnv_getAvailableName(int number) { (void)number; return 0; }
OFFERED const char *ucnv_getStandardName(const char *name, const char *standard, UErrorCode *error)
{
    (void)name; (void)standard;
    refuse(error);
    return 0;
}

/* Without a converter none of these is ever called; Qt's loader wants them to be there. */
OFFERED void ucnv_close(UConverter *c) { (void)c; }
OFFERED void ucnv_reset(UConverter *c) { (void)c; }
OFFERED signed char ucnv_getMaxCharSize(const UConverter *c) { (void)c; return 1; }
OFFERED const char *ucnv_getName(const UConverter *c, UErrorCode *error) { (void)c; refuse(error); return 0; }
OFFERED int ucnv_toUCountPending(const UConverter *c, UErrorCode *error) { (void)c; refuse(error); return -1; }
OFFERED int ucnv_fromUCountPending(const UConverter *c, UErrorCode *error) { (void)c; refuse(error); return -1; }
OFFERED void UCNV_FROM_U_CALLBACK_SUBSTITUTE(void) {}
OFFERED void UCNV_TO_U_CALLBACK_SUBSTITUTE(void) {}

OFFERED void ucnv_getToUCallBack(const UConverter *c, Callback *action, Callback *context)
{
    (void)c;
    if (action) *action = 0;
    if (context) *context = 0;
}

OFFERED void ucnv_getFromUCallBack(const UConverter *c, Callback *action, Callback *context)
{
    ucnv_getToUCallBack(c, action, context);
}

OFFERED void ucnv_setToUCallBack(UConverter *c, Callback action, Callback context, Callback *old, Callback *old_context, UErrorCode *error)
{
    (void)action; (void)context;
    ucnv_getToUCallBack(c, old, old_context);
    refuse(error);
}

OFFERED void ucnv_setFromUCallBack(UConverter *c, Callback action, Callback context, Callback *old, Callback *old_context, UErrorCode *error)
{
    ucnv_setToUCallBack(c, action, context, old, old_context, error);
}

OFFERED void ucnv_cbToUWriteUChars(void *a, const UChar *source, int length, int offset, UErrorCode *error)
{
    (void)a; (void)source; (void)length; (void)offset;
    refuse(error);
}

OFFERED void ucnv_cbFromUWriteUChars(void *a, const UChar **source, const UChar *end, int offset, UErrorCode *error)
{
    (void)a; (void)source; (void)end; (void)offset;
    refuse(error);
}

OFFERED void ucnv_toUnicode(UConverter *c, UChar **t, const UChar *t_end, const char **s, const char *s_end, int *o, UBool flush, UErrorCode *error)
{
    (void)c; (void)t; (void)t_end; (void)s; (void)s_end; (void)o; (void)flush;
    refuse(error);
}

OFFERED void ucnv_fromUnicode(UConverter *c, char **t, const char *t_end, const UChar **s, const UChar *s_end, int *o, UBool flush, UErrorCode *error)
{
    (void)c; (void)t; (void)t_end; (void)s; (void)s_end; (void)o; (void)flush;
    refuse(error);
}
