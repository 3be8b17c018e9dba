; The installer for Windows: for one user without asking for rights, or for all users of the machine.
; Silent: setup.exe /S /CurrentUser | /AllUsers [/AUTOSTART=0] [/D=folder]; uninstall.exe /S [/DELETEDATA=1]
; Exit codes: 0 done; 1 cancelled; 2 a program of ours could not be ended, nothing was changed.
Unicode true
Target amd64-unicode
ManifestDPIAware true

!define NAME "vitoclient-Services"
!define PUBLISHER "vitoclient-Services developers"
!define UNINSTALL_KEY "Software\Microsoft\Windows\CurrentVersion\Uninstall\${NAME}"
!define RUN_KEY "Software\Microsoft\Windows\CurrentVersion\Run"
!define EVENTS_WINDOW "vitoclient-Services.events"
!define ENDSESSION_CLOSEAPP 1

Name "${NAME}"
OutFile "${OUT}"
BrandingText "${NAME} ${VERSION}"

VIProductVersion "${VERSION}.0"
VIAddVersionKey /LANG=0 "ProductName" "${NAME}"
VIAddVersionKey /LANG=0 "CompanyName" "${PUBLISHER}"
VIAddVersionKey /LANG=0 "FileDescription" "${NAME} Setup"
VIAddVersionKey /LANG=0 "FileVersion" "${VERSION}"
VIAddVersionKey /LANG=0 "ProductVersion" "${VERSION}"
VIAddVersionKey /LANG=0 "LegalCopyright" "GPL-3.0-or-later"

!define MULTIUSER_EXECUTIONLEVEL Highest
!define MULTIUSER_MUI
!define MULTIUSER_INSTALLMODE_COMMANDLINE
!define MULTIUSER_INSTALLMODE_DEFAULT_CURRENTUSER
!define MULTIUSER_INSTALLMODE_INSTDIR "${NAME}"
!define MULTIUSER_INSTALLMODE_INSTDIR_REGISTRY_KEY "${UNINSTALL_KEY}"
!define MULTIUSER_INSTALLMODE_INSTDIR_REGISTRY_VALUENAME "InstallLocation"
!define MULTIUSER_INSTALLMODE_DEFAULT_REGISTRY_KEY "${UNINSTALL_KEY}"
!define MULTIUSER_INSTALLMODE_DEFAULT_REGISTRY_VALUENAME "InstallLocation"
!define MULTIUSER_USE_PROGRAMFILES64
!include MultiUser.nsh
!include MUI2.nsh
!include FileFunc.nsh
!include LogicLib.nsh

!define MUI_ICON "${ICON}"
!define MUI_UNICON "${ICON}"
!define MUI_ABORTWARNING
!insertmacro MUI_PAGE_LICENSE "${LICENSE}"
!insertmacro MULTIUSER_PAGE_INSTALLMODE
!insertmacro MUI_PAGE_COMPONENTS
!insertmacro MUI_PAGE_DIRECTORY
!insertmacro MUI_PAGE_INSTFILES
!define MUI_FINISHPAGE_RUN "$INSTDIR\vitoclient-tray.exe"
!insertmacro MUI_PAGE_FINISH
!insertmacro MUI_UNPAGE_CONFIRM
!insertmacro MUI_UNPAGE_INSTFILES
!insertmacro MUI_LANGUAGE "German"
!insertmacro MUI_LANGUAGE "French"
!insertmacro MUI_LANGUAGE "Italian"
!insertmacro MUI_LANGUAGE "English"

LangString PROGRAM ${LANG_GERMAN} "Programm"
LangString PROGRAM ${LANG_FRENCH} "Programme"
LangString PROGRAM ${LANG_ITALIAN} "Programma"
LangString PROGRAM ${LANG_ENGLISH} "Program"
LangString AUTOSTART ${LANG_GERMAN} "Beim Anmelden starten"
LangString AUTOSTART ${LANG_FRENCH} "Démarrer à l'ouverture de session"
LangString AUTOSTART ${LANG_ITALIAN} "Avvia all'accesso"
LangString AUTOSTART ${LANG_ENGLISH} "Start at login"
LangString STILL_RUNS ${LANG_GERMAN} "${NAME} läuft noch, vielleicht in der Sitzung einer anderen Person. Bitte beenden und wiederholen."
LangString STILL_RUNS ${LANG_FRENCH} "${NAME} est encore en cours d'exécution, peut-être dans la session d'une autre personne. Veuillez le quitter et réessayer."
LangString STILL_RUNS ${LANG_ITALIAN} "${NAME} è ancora in esecuzione, forse nella sessione di un'altra persona. Chiudere il programma e riprovare."
LangString STILL_RUNS ${LANG_ENGLISH} "${NAME} is still running, perhaps in another person's session. Please quit it and try again."
LangString DELETE_DATA ${LANG_GERMAN} "Auch die eigenen Daten von ${NAME} auf diesem Gerät löschen (eingebettete Datenbank, Protokolle, heruntergeladene Dateien, Konfiguration)? Die Daten der Praxissoftware werden nie gelöscht."
LangString DELETE_DATA ${LANG_FRENCH} "Supprimer aussi les données propres de ${NAME} sur cet appareil (base de données intégrée, journaux, fichiers téléchargés, configuration) ? Les données du logiciel du cabinet ne sont jamais supprimées."
LangString DELETE_DATA ${LANG_ITALIAN} "Eliminare anche i dati propri di ${NAME} su questo dispositivo (banca dati integrata, registri, file scaricati, configurazione)? I dati del software dello studio non vengono mai eliminati."
LangString DELETE_DATA ${LANG_ENGLISH} "Also delete ${NAME}'s own data on this machine (embedded database, logs, downloaded files, configuration)? The practice software's data are never deleted."

Var WasRunning
Var ServiceRan

; Ends the programs of this session as Windows does at log-off, stops the service, and waits until the files are free.
; Leaves in $WasRunning whether a tray program ran, in $ServiceRan whether the service ran.
!macro END_PROGRAMS un
Function ${un}EndPrograms
  StrCpy $WasRunning 0
  StrCpy $ServiceRan 0
  IfFileExists "$INSTDIR\vitoclient.exe" 0 ended
  ${If} $MultiUser.InstallMode == "AllUsers"
    nsExec::ExecToStack '"$INSTDIR\vitoclient.exe" service status --json'
    Pop $0
    Pop $1
    Push $1
    Push '"running"'
    Call ${un}Contains
    Pop $ServiceRan
    ${If} $ServiceRan == 1
      nsExec::Exec '"$INSTDIR\vitoclient.exe" service stop'
      Pop $0
    ${EndIf}
  ${EndIf}
again:
  StrCpy $2 0
  ${Do}
    FindWindow $0 "" "${EVENTS_WINDOW}"
    ${If} $0 <> 0
      StrCpy $WasRunning 1
      SendMessage $0 ${WM_ENDSESSION} 1 ${ENDSESSION_CLOSEAPP} /TIMEOUT=5000
    ${EndIf}
    ClearErrors
    FileOpen $3 "$INSTDIR\vitoclient-tray.exe" a
    ${IfNot} ${Errors}
      FileClose $3
      ClearErrors
      FileOpen $3 "$INSTDIR\vitoclient.exe" a
      ${IfNot} ${Errors}
        FileClose $3
        ${If} $0 = 0
          Goto ended
        ${EndIf}
      ${EndIf}
    ${EndIf}
    Sleep 250
    IntOp $2 $2 + 1
  ${LoopUntil} $2 >= 60
  MessageBox MB_RETRYCANCEL|MB_ICONEXCLAMATION "$(STILL_RUNS)" /SD IDCANCEL IDRETRY again
  SetErrorLevel 2
  Quit
ended:
FunctionEnd

; Stack: text, part. Leaves 1 if the text holds the part, else 0.
Function ${un}Contains
  Exch $R1
  Exch
  Exch $R0
  Push $R2
  Push $R3
  StrLen $R2 $R1
  ${Do}
    StrCpy $R3 $R0 $R2
    ${If} $R3 == $R1
      StrCpy $R0 1
      Goto found
    ${EndIf}
    ${If} $R0 == ""
      StrCpy $R0 0
      Goto found
    ${EndIf}
    StrCpy $R0 $R0 "" 1
  ${Loop}
found:
  Pop $R3
  Pop $R2
  Pop $R1
  Exch $R0
FunctionEnd
!macroend
!insertmacro END_PROGRAMS ""
!insertmacro END_PROGRAMS "un."

Function .onInit
  !insertmacro MULTIUSER_INIT
FunctionEnd

Section "$(PROGRAM)" Main
  SectionIn RO
  Call EndPrograms
  SetOutPath "$INSTDIR"
  RMDir /r "$INSTDIR\_internal"
  File /r "${SOURCE}/*"
  WriteUninstaller "$INSTDIR\uninstall.exe"
  CreateShortcut "$SMPROGRAMS\${NAME}.lnk" "$INSTDIR\vitoclient-tray.exe"

  WriteRegStr SHCTX "${UNINSTALL_KEY}" "DisplayName" "${NAME}"
  WriteRegStr SHCTX "${UNINSTALL_KEY}" "DisplayVersion" "${VERSION}"
  WriteRegStr SHCTX "${UNINSTALL_KEY}" "DisplayIcon" "$INSTDIR\vitoclient-tray.exe"
  WriteRegStr SHCTX "${UNINSTALL_KEY}" "Publisher" "${PUBLISHER}"
  WriteRegStr SHCTX "${UNINSTALL_KEY}" "InstallLocation" "$INSTDIR"
  WriteRegStr SHCTX "${UNINSTALL_KEY}" "UninstallString" '"$INSTDIR\uninstall.exe" /$MultiUser.InstallMode'
  WriteRegStr SHCTX "${UNINSTALL_KEY}" "QuietUninstallString" '"$INSTDIR\uninstall.exe" /$MultiUser.InstallMode /S'
  WriteRegDWORD SHCTX "${UNINSTALL_KEY}" "EstimatedSize" ${KILOBYTES}
  WriteRegDWORD SHCTX "${UNINSTALL_KEY}" "NoModify" 1
  WriteRegDWORD SHCTX "${UNINSTALL_KEY}" "NoRepair" 1
SectionEnd

Section "$(AUTOSTART)" Autostart
  ${GetParameters} $0
  ClearErrors
  ${GetOptions} $0 "/AUTOSTART=" $1
  ${If} $1 != "0"
    WriteRegStr SHCTX "${RUN_KEY}" "${NAME}" '"$INSTDIR\vitoclient-tray.exe"'
  ${EndIf}
SectionEnd

Section "-After"
  ${If} $ServiceRan == 1
    nsExec::Exec '"$INSTDIR\vitoclient.exe" service start'
    Pop $0
  ${EndIf}
  ${If} $WasRunning == 1
  ${AndIf} ${Silent}
    Exec '"$INSTDIR\vitoclient-tray.exe"'
  ${EndIf}
SectionEnd

Function un.onInit
  !insertmacro MULTIUSER_UNINIT
FunctionEnd

Section "Uninstall"
  ${If} $MultiUser.InstallMode == "AllUsers"
    nsExec::Exec '"$INSTDIR\vitoclient.exe" service remove'
    Pop $0
  ${EndIf}
  Call un.EndPrograms

  RMDir /r "$INSTDIR\_internal"
  Delete "$INSTDIR\vitoclient.exe"
  Delete "$INSTDIR\vitoclient-tray.exe"
  Delete "$INSTDIR\uninstall.exe"
  RMDir "$INSTDIR"
  Delete "$SMPROGRAMS\${NAME}.lnk"
  ReadRegStr $0 SHCTX "${RUN_KEY}" "${NAME}"
  ${If} $0 == '"$INSTDIR\vitoclient-tray.exe"'
    DeleteRegValue SHCTX "${RUN_KEY}" "${NAME}"
  ${EndIf}
  ReadRegStr $0 HKCU "${RUN_KEY}" "${NAME}"
  ${If} $0 == '"$INSTDIR\vitoclient-tray.exe"'
    DeleteRegValue HKCU "${RUN_KEY}" "${NAME}"
  ${EndIf}
  DeleteRegKey SHCTX "${UNINSTALL_KEY}"

  ; What the program itself made for this user. Never anything of the practice software, never a shared folder.
  ${GetParameters} $0
  ClearErrors
  ${GetOptions} $0 "/DELETEDATA=" $1
  ${If} ${Silent}
    ${If} $1 == "1"
      Call un.DeleteData
    ${EndIf}
  ${Else}
    MessageBox MB_YESNO|MB_ICONQUESTION|MB_DEFBUTTON2 "$(DELETE_DATA)" IDNO keep
    Call un.DeleteData
keep:
  ${EndIf}
SectionEnd

Function un.DeleteData
  SetShellVarContext current
  ${If} $LOCALAPPDATA != ""
    RMDir /r "$LOCALAPPDATA\${NAME}"
  ${EndIf}
FunctionEnd
